"""A library on Arm with products of float16 and of bytes: processors that have both use both."""

from __future__ import annotations

from collections.abc import Iterator

from cross import tools_or_skip
import numpy as np
import onnx
from operator_builder import EDGES
from operator_bytes import QuantisedBuilder
from operator_models import Built
import pytest
from small_models import small_inputs

from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.targets.program.variants import FP16, FP16DOTPROD, FP16I8MM, NEON64
from edge_compiler.toolchain.processors import CORTEX_A53, CORTEX_A76, MAX
from edge_perception.runtime.manifest import HALF_SUMS


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Return the library of a layer in float16 beside one of bytes."""
    tools_or_skip("aarch64")
    with Built(_model(), tmp_path_factory.mktemp("both"), "aarch64") as made:
        yield made


def _model() -> onnx.ModelProto:
    b = QuantisedBuilder(np.uint8, x=(1, 32, 9, 11))
    b.layer("bytes", "Conv", (24, 32, 3, 3), **EDGES)
    b.conv("numbers", 24, 1)
    for name, array in b.constants.items():
        if array.dtype == np.float32 and array.shape == (24, 32, 1, 1):
            b.constants[name] = array.astype(np.float16).astype(np.float32)
    model = b.model()
    model.metadata_props.add(key="edge.precision", value='"half"')
    model.metadata_props.add(key="edge.float16", value='{"exponents": {"numbers": 0}}')
    return model


def test_the_processor_decides(built: Built) -> None:
    tools = tools_or_skip("aarch64")
    assert {step.value for step in built.model.steps if step.rounds} == {"numbers"}
    assert {step.rounds for step in built.model.steps} == {"", HALF_SUMS}
    rounding = (FP16I8MM.name, FP16DOTPROD.name, FP16.name)
    assert built.model.rounding_variants == rounding
    assert built.model.variants == (*rounding, NEON64.name)
    best = {CORTEX_A53: NEON64, CORTEX_A76: FP16DOTPROD, MAX: FP16I8MM}
    for processor, variant in best.items():
        with EmulatedSandbox(built.library, tools, tools.emulator(processor)) as sandbox:
            assert sandbox.best_variant() == variant.name


def test_bytes_are_the_same_and_halves_are_rounded_alike(built: Built) -> None:
    feeds = small_inputs(built.model.inputs)
    expected = built.reference(feeds)
    results = {variant: built.run(variant, feeds) for variant in built.model.variants}
    plain = results.pop(NEON64.name)
    assert np.array_equal(plain["bytes"], expected["bytes"])
    for each in results.values():
        assert np.array_equal(each["bytes"], plain["bytes"])
        assert np.array_equal(each["numbers"], results[FP16.name]["numbers"])
        assert not np.array_equal(each["numbers"], plain["numbers"])
