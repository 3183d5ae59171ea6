"""Integers are the same bytes on every machine, with every instruction set."""

from hashlib import sha256
from pathlib import Path

from cross import tools_or_skip
import numpy as np
from operator_models import Built, OPERATOR_MODELS
import pytest

TARGETS = ("host", "aarch64", "armv7")


@pytest.mark.parametrize("model", ["quantised", "signed_bytes"])
def test_quantised_operators_give_the_same_bytes_everywhere(model: str, tmp_path: Path) -> None:
    for target in TARGETS[1:]:
        tools_or_skip(target)
    proto = OPERATOR_MODELS[model]()
    random = np.random.default_rng(2)
    feeds = {
        value.name: random.standard_normal(
            [d.dim_value for d in value.type.tensor_type.shape.dim], np.float32
        )
        for value in proto.graph.input
    }
    found = {}
    for target in TARGETS:
        folder = tmp_path / target
        folder.mkdir()
        with Built(proto, folder, target) as built:
            for variant in built.variants:
                outputs = built.run(variant, feeds)
                digest = sha256(b"".join(outputs[name].tobytes() for name in sorted(outputs)))
                found[target, variant] = digest.hexdigest()
    assert {("aarch64", "dotprod"), ("aarch64", "neon"), ("armv7", "neon")} < set(found)
    assert len(set(found.values())) == 1, found
