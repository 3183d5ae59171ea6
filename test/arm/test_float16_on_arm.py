"""Products of float16 on Arm: chosen by the processor, and rounded as numpy rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cross import tools_or_skip
import numpy as np
import onnx
from operator_models import Built, OPERATOR_MODELS
import pytest
from small_models import Array, small_inputs

from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.targets.program.variants import FP16, NEON64
from edge_compiler.toolchain.processors import CORTEX_A53, CORTEX_A76
from edge_perception.runtime.manifest import HALF_SUMS

LAYERS = {"half_strided", "half_pointwise", "half_dilated"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Return the library of the layers of every kind whose weights float16 has."""
    tools_or_skip("aarch64")
    with Built(OPERATOR_MODELS["halves"](), tmp_path_factory.mktemp("halves"), "aarch64") as made:
        yield made


@pytest.fixture(scope="module")
def feeds(built: Built) -> dict[str, Array]:
    """Return inputs."""
    return small_inputs(built.model.inputs)


def test_the_processor_decides(built: Built) -> None:
    tools = tools_or_skip("aarch64")
    assert built.model.variants == (FP16.name, NEON64.name)
    assert built.model.rounding_variants == (FP16.name,)
    for processor, name in ((CORTEX_A53, NEON64.name), (CORTEX_A76, FP16.name)):
        emulator = tools.emulator(processor)
        with EmulatedSandbox(built.library, tools, emulator) as sandbox:
            assert sandbox.best_variant() == name


def test_layers_compute_what_numpy_does_in_float16(built: Built, feeds: dict[str, Array]) -> None:
    rounding = {step.value for step in built.model.steps if step.rounds == HALF_SUMS}
    assert rounding == LAYERS
    results = built.run(FP16.name, feeds)
    nodes = {node.output[0]: node for node in built.proto.graph.node}
    constants = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in built.proto.graph.initializer
    }
    random = np.random.default_rng(4)
    for name in sorted(LAYERS):
        for _ in range(40):
            place = tuple(random.integers(0, size) for size in results[name].shape)
            expected = _result(nodes[name], {**constants, **feeds}, place)
            assert results[name][place] == pytest.approx(expected, rel=2e-6, abs=2e-6), name


def test_other_processors_compute_in_float32(built: Built, feeds: dict[str, Array]) -> None:
    expected, ours = built.reference(feeds), built.run(NEON64.name, feeds)
    rounded = built.run(FP16.name, feeds)
    for name in LAYERS:
        largest = np.abs(expected[name]).max()
        assert np.abs(ours[name] - expected[name]).max() < 1e-5 * largest
        assert 1e-5 * largest < np.abs(rounded[name] - expected[name]).max() < 5e-3 * largest


def _result(node: onnx.NodeProto, values: Mapping[str, Array], place: tuple[int, ...]) -> float:
    """Return one number of a convolution: products of 16 channels are added up in float16."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    x, w, b = (values[name] for name in node.input)
    factor = 2.0**-3 if node.output[0] == "half_pointwise" else 1.0
    pads = attributes.get("pads", [0] * 4)
    padded = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    image, channel, row, column = place
    (down, right), (below, beside) = (
        attributes.get(name, [1, 1]) for name in ("strides", "dilations")
    )
    total = float(b[channel]) * factor
    for i, j in np.ndindex(*w.shape[2:]):
        pixel = padded[image, :, row * down + i * below, column * right + j * beside]
        halves = (pixel * np.float32(factor)).astype(np.float16).astype(float)
        for first in range(0, len(halves), 16):
            part = np.float16(0)
            for k in range(first, min(first + 16, len(halves))):  # exact before it is rounded
                part = np.float16(float(part) + halves[k] * float(w[channel, k, i, j]))
            total += float(part)
    return total / factor
