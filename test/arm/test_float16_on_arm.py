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
from edge_perception.runtime.manifest import HALF_POINTS, HALF_SUMS

ENDS = {
    "half_strided": [16],
    "half_pointwise": [16],
    "half_dilated": [16],
    "half_deep": [64, 128, 176],
}
"""The channels before which a sum ends, of layers whose products are added up in float16."""
LAYERS = set(ENDS)


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


@pytest.mark.parametrize("m", [2, 4])
def test_winograds_points_are_float16_and_added_up_in_it(
    built: Built, feeds: dict[str, Array], m: int
) -> None:
    """Numpy's points, made in float64, seldom lie on the other side of a middle."""
    values = {t.name: onnx.numpy_helper.to_array(t) for t in built.proto.graph.initializer} | feeds
    nodes = {node.output[0]: node for node in built.proto.graph.node}
    results, exact = built.run(FP16.name, feeds), built.reference(feeds)
    layers = [step.value for step in built.model.steps if step.rounds == HALF_POINTS[m]]
    assert layers
    for name in layers:
        x, w, b = (values[each] for each in nodes[name].input)
        expected = _winograd(x.astype(float), w.astype(float), m) + b[:, None, None]
        ours, largest = results[name], np.abs(exact[name]).max()
        difference = np.abs(ours - expected)
        assert np.median(difference) < 1e-6 * largest, name
        assert difference.max() < 1e-2 * largest, name
        assert np.median(np.abs(ours - exact[name])) > 2e-5 * largest, name


def test_other_processors_compute_in_float32(built: Built, feeds: dict[str, Array]) -> None:
    expected, ours = built.reference(feeds), built.run(NEON64.name, feeds)
    rounded = built.run(FP16.name, feeds)
    for name in LAYERS:
        largest = np.abs(expected[name]).max()
        assert np.abs(ours[name] - expected[name]).max() < 1e-5 * largest
        assert 1e-5 * largest < np.abs(rounded[name] - expected[name]).max() < 5e-3 * largest


def _result(node: onnx.NodeProto, values: Mapping[str, Array], place: tuple[int, ...]) -> float:
    """Return one number of a convolution: products of some channels are added up in float16."""
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
        for some in np.split(np.arange(len(halves)), ENDS[node.output[0]]):
            part = np.float16(0)
            for k in some:  # exact before it is rounded
                part = np.float16(float(part) + halves[k] * float(w[channel, k, i, j]))
            total += float(part)
    return total / factor


def _matrices(m: int) -> tuple[Array, Array, Array]:
    """Return what transforms input, kernel and results: values at points, and back."""
    points = np.array([0, 1, -1] if m == 2 else [0, 0.75, -0.75, 1.5, -1.5])
    powers = np.vander(points, m + 2, increasing=True)
    whole = np.vstack([powers, np.eye(m + 2)[-1]])  # the last point is infinity
    kernel, out = whole[:, :3].copy(), whole[:, :m].T.copy()
    kernel[-1], out[:, -1] = [0, 0, 1], np.eye(m)[-1]
    into = np.linalg.inv(whole).T
    scale = np.abs(into[:, 2 if m == 2 else 4])  # which the kernel's points have in Lavin and Gray
    scale[-1] = 1
    return into / scale[:, None], kernel * scale[:, None], out


def _winograd(x: Array, w: Array, m: int) -> Array:
    """Return a 3x3 convolution with an edge of one pixel."""
    into, kernel, out = _matrices(m)
    height, width = x.shape[2:]
    rows, columns = -(-height // m), -(-width // m)
    padded = np.pad(x[0], [(0, 0), (1, rows * m + 1 - height), (1, columns * m + 1 - width)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (m + 2, m + 2), (1, 2))
    patches = windows[:, ::m, ::m][:, :rows, :columns]
    points = np.einsum("ay,bx,cijyx->cabij", into, into, patches).astype(np.float16).astype(float)
    weights = np.einsum("ay,bx,kcyx->kcab", kernel, kernel, w).astype(np.float16).astype(float)
    total = np.zeros((len(w), *points.shape[1:]))
    for first in range(0, len(points), 16):
        part = np.zeros(total.shape, np.float16)
        for c in range(first, min(first + 16, len(points))):
            product = weights[:, c, :, :, None, None] * points[c]
            part = (part.astype(float) + product).astype(np.float16)
        total += part
    tiles = np.einsum("ya,xb,kabij->kiyjx", out, out, total)
    return tiles.reshape(len(w), rows * m, columns * m)[None, :, :height, :width]
