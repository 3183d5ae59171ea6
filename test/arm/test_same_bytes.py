"""Integers are the same bytes on every machine, with every instruction set."""

from hashlib import sha256
from pathlib import Path

from cross import tools_or_skip
import numpy as np
from operator_builder import Builder
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
    assert {("aarch64", name) for name in ("i8mm", "dotprod", "neon")} < set(found)
    assert ("armv7", "neon") in found
    assert len(set(found.values())) == 1, found


def test_a_quotient_in_the_middle_is_rounded_alike(tmp_path: Path) -> None:
    """In float32 it is -72.5, and -72.500002 exactly: times the reciprocal it is beyond."""
    tools_or_skip("armv7")
    b = Builder(None, x=(4, 40))
    b.add("y", "QuantizeLinear", f"x {b.constant(1.0732275)} {b.constant(np.uint8(114))}")
    x = np.full((4, 40), -77.809, np.float32)
    with Built(b.model(), tmp_path, "armv7") as built:
        for variant in built.variants:
            [y] = built.run(variant, {"x": x}).values()
            assert (y == 114 - 72).all()
