"""Parts and transposed convolutions in integers: no floats are left inside of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
import pytest
from small_models import load_model, make_model, node, run, weights

from edge_compiler import passes
from edge_compiler.compile import compile_model, Options
from edge_compiler.export import export
from edge_compiler.passes.integers.phases import phases_of
from edge_compiler.precision.assign import assign
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.calibrate import calibrate
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import tensors
from edge_compiler.precision.session import Session
from edge_perception.runtime import load

CASES: list[tuple[int, int, dict[str, Any]]] = [
    (2, 2, {}),
    (3, 2, {"pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    (4, 2, {"pads": [1, 1, 1, 1]}),
    (4, 2, {"pads": [0, 2, 1, 0]}),
    (5, 3, {"pads": [2, 1, 0, 2]}),
    (2, 3, {}),
    (3, 1, {"pads": [1, 1, 1, 1]}),
]


@pytest.mark.parametrize(("side", "stride", "how"), CASES)
def test_phases_are_a_transposed_convolution(
    side: int, stride: int, how: dict[str, Any], tmp_path: Path
) -> None:
    kernel = weights(5, 3, side, side)
    transposed = node("ConvTranspose", "x w", "y", strides=[stride, stride], **how)
    model = make_model([transposed], {"x": [1, 5, 6, 7]}, {"w": kernel})
    graph = load_model(model, tmp_path)
    phases = phases_of(graph.nodes[0])
    assert not isinstance(phases, str)
    nodes = [
        helper.make_node("Conv", ["x", "p"], ["wide"], pads=phases.pads),
        helper.make_node("DepthToSpace", ["wide"], ["whole"], blocksize=stride, mode="CRD"),
    ]
    x = weights(1, 5, 6, 7)
    same = make_model(nodes, {"x": [1, 5, 6, 7]}, {"p": phases.weights(kernel)})
    [whole], [expected] = run(same, {"x": x}), run(model, {"x": x})
    top, left = phases.starts
    height, width = expected.shape[2:]
    result = whole[:, :, top : top + height, left : left + width]
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"group": 2}, "images of all channels"),
        ({"dilations": [2, 2]}, "has gaps"),
        ({"strides": [1, 2]}, "strides differ"),
        ({"strides": [2, 2], "output_padding": [1, 1]}, "larger than its kernel reaches"),
    ],
)
def test_what_has_no_phases_stays_float(how: dict[str, Any], reason: str, tmp_path: Path) -> None:
    kernel = weights(4, 4, 2, 2)
    model = make_model(
        [node("ConvTranspose", "x w", "y", **how)], {"x": [1, 4, 6, 7]}, {"w": kernel}
    )
    graph = load_model(model, tmp_path)
    assert reason in assign(graph).kept[graph.nodes[0]]


def _quiet(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def test_no_floats_are_left_between_layers(tmp_path: Path) -> None:
    """A block of YOLO's kind, and what segmentation networks enlarge with."""
    nodes = [
        node("Conv", "x w1 b1", "c1", pads=[1, 1, 1, 1]),
        node("Relu", "c1", "r1"),
        node("Split", "r1 halves", "left right", axis=1),
        node("Conv", "right w2", "c2", pads=[1, 1, 1, 1]),
        node("Relu", "c2", "r2"),
        node("Concat", "left right r2", "joined", axis=1),
        node("ConvTranspose", "joined w3 b3", "larger", strides=[2, 2]),
        node("Relu", "larger", "r3"),
        node("Resize", "r3 - twice", "smooth", mode="linear"),
        node("Conv", "smooth w4", "y"),
    ]
    constants = {
        "w1": weights(32, 3, 3, 3),
        "b1": weights(32),
        "halves": np.array([16, 16]),
        "w2": weights(16, 16, 3, 3),
        "w3": weights(48, 16, 2, 2),
        "b3": weights(16),
        "w4": weights(4, 16, 1, 1),
        "twice": np.array([1, 1, 2, 2], np.float32),
    }
    graph = load_model(make_model(nodes, {"x": [1, 3, 12, 12]}, constants), tmp_path)
    passes.optimise(graph, fuse=False)
    np.savez(tmp_path / "x.npz", x=weights(16, 1, 3, 12, 12))
    samples = tensors(tmp_path / "x.npz", graph)
    ranges = calibrate(graph, samples, "minmax", _quiet)
    errors = bias_errors(graph, samples, _quiet)
    whole = quantise(graph, ranges, assign(graph), errors)
    exact, rounded = Session(graph), Session(whole)
    difference = [exact.run(x)["y"] - rounded.run(x)["y"] for x in samples]
    size = np.sqrt(np.mean([np.square(exact.run(x)["y"]) for x in samples]))
    assert np.sqrt(np.mean(np.square(difference))) < 0.03 * size
    again = load_model(export(whole), tmp_path)
    passes.optimise(again)
    # only the input becomes integers, and only the result becomes floats
    assert [each.op for each in again.nodes if each.op.endswith("Linear")] == [
        "QuantizeLinear",
        "DequantizeLinear",
    ]
    assert {each.op for each in again.nodes} <= {
        *("QuantizeLinear", "DequantizeLinear", "QConv", "Slice", "Concat", "Requantise"),
        *("DepthToSpace", "QResize"),
    }


def test_what_is_repeated_between_layers_stays_in_integers(tmp_path: Path) -> None:
    """As what one pixel knows of the whole picture is handed to all, and rows are repeated."""
    nodes = [
        node("Conv", "x w1", "c1", pads=[1, 1, 1, 1]),
        node("Relu", "c1", "r1"),
        node("GlobalAveragePool", "r1", "mean"),
        node("Conv", "mean w2", "c2"),
        node("Expand", "c2 everywhere", "spread"),
        node("Tile", "r1 rows", "tiled"),
        node("Concat", "spread tiled", "joined", axis=1),
        node("Conv", "joined w3", "y"),
    ]
    constants = {
        "w1": weights(16, 3, 3, 3),
        "w2": weights(16, 16, 1, 1),
        "w3": weights(4, 32, 1, 1),
        "everywhere": np.array([1, 16, 12, 6]),
        "rows": np.array([1, 1, 2, 1]),
    }
    graph = load_model(make_model(nodes, {"x": [1, 3, 6, 6]}, constants), tmp_path)
    passes.optimise(graph, fuse=False)
    np.savez(tmp_path / "x.npz", x=weights(16, 1, 3, 6, 6))
    samples = tensors(tmp_path / "x.npz", graph)
    whole = quantise(
        graph,
        calibrate(graph, samples, "minmax", _quiet),
        assign(graph),
        bias_errors(graph, samples, _quiet),
    )
    written, bundle = tmp_path / "quantised.onnx", tmp_path / "quantised.edge"
    onnx.save(export(whole), written)
    steps = compile_model(written, bundle, Options(), _quiet).model.steps
    kinds = {step.name: step.dtype for step in steps}
    assert {kinds["spread"], kinds["tiled"]} == {"uint8"}
    assert [step.kernel for step in steps if step.kernel.endswith("Linear")] == [
        "QuantizeLinear",
        "DequantizeLinear",
    ]
    x = next(iter(samples))
    with load(bundle, threads=1) as loaded:
        np.testing.assert_array_equal(loaded.run(x)["y"], run(written, x)[0])
