"""
Quantised graphs beside onnxruntime.quantization's of the same float graph and samples.

What ONNX Runtime computes of either is the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from edgec_cases import Capture, refusal, run_json
import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_static,
    QuantType,
)
import pytest
from small_models import load_model, make_model, node, run

from edge_compiler import passes
from edge_compiler.errors import CompileError
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.passes.integers import RULES
from edge_compiler.precision.assign import assign, ROLES
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.calibrate import calibrate
from edge_compiler.precision.histogram import Histogram, METHODS
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import Samples, tensors
from edge_compiler.precision.scales import LARGEST_WEIGHT, quantise_weights, REDUCED_WEIGHT
from edge_compiler.precision.session import Session

Array = np.ndarray[Any, Any]
SAMPLES = 24
QUANTISED = ("Add", "Clip", "Concat", "GlobalAveragePool", "HardSwish", "MaxPool", "Relu")


def network() -> onnx.ModelProto:
    """Return a network with a branch, a sum, a depthwise layer and a head."""
    nodes = [
        node("Conv", "image w1 b1", "c1", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c1 gamma beta mean variance", "n1"),
        node("Clip", "n1 zero six", "r1"),
        node("Conv", "r1 w2", "c2", pads=[1, 1, 1, 1], group=8),
        node("HardSwish", "c2", "h2"),
        node("Conv", "h2 w3 b3", "c3"),
        node("Add", "c3 r1", "sum"),
        node("Relu", "sum", "r3"),
        node("MaxPool", "r3", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "pool w4 b3", "c4"),
        node("Relu", "c4", "r4"),
        node("Conv", "pool w3 b3", "c5"),
        node("Concat", "r4 c5", "joined", axis=1),
        node("Conv", "joined w6", "c6"),
        node("GlobalAveragePool", "c6", "mean6"),
        node("Flatten", "mean6", "flat"),
        node("Gemm", "flat w7 b7", "logits", transB=1),
        node("Softmax", "logits", "probabilities"),
    ]
    generator = np.random.default_rng(3)

    def weights(*shape: int, low: float = -1, high: float = 1) -> Array:
        return generator.uniform(low, high, shape).astype(np.float32)

    constants = {
        "w1": weights(8, 3, 3, 3),
        "b1": weights(8),
        "gamma": weights(8, low=0.5, high=2),
        "beta": weights(8, low=0),
        "mean": weights(8),
        "variance": weights(8, low=0.5, high=2),
        "zero": np.array(0, np.float32),
        "six": np.array(6, np.float32),
        "w2": weights(8, 1, 3, 3),
        "w3": weights(8, 8, 1, 1),
        "b3": weights(8),
        "w4": weights(8, 8, 1, 1),
        "w6": weights(16, 16, 1, 1),
        "w7": weights(5, 16, low=-0.02, high=0.02),
        "b7": weights(5),
    }
    return make_model(nodes, {"image": [1, 3, 16, 16]}, constants)


@dataclass(frozen=True)
class Case:
    """The float graph, samples of it, and what either quantiser makes of them."""

    graph: Graph
    samples: Samples
    ours: Graph
    theirs: onnx.ModelProto
    largest: int

    @property
    def model(self) -> onnx.ModelProto:
        """Ours as ONNX."""
        return export(self.ours)


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # it has no types
    def __init__(self, samples: Samples) -> None:
        self._samples: Iterator[Mapping[str, Array]] = iter(samples)

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self._samples, None)


def _quiet(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module", params=[LARGEST_WEIGHT, REDUCED_WEIGHT])
def case(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Case:
    """Quantise the network twice, with weights of 8 and of 7 bits."""
    largest: int = request.param
    folder = tmp_path_factory.mktemp("quantise")
    graph = load_model(network(), folder)
    passes.optimise(graph, fuse=False)
    images = np.random.default_rng(1).normal(0, 1, (SAMPLES, 1, 3, 16, 16)).astype(np.float32)
    images *= np.linspace(0.5, 2, SAMPLES, dtype=np.float32)[:, None, None, None, None]
    np.savez(folder / "images.npz", image=images)
    samples = tensors(folder / "images.npz", graph)
    ranges = calibrate(graph, samples, "minmax", _quiet)
    ours = quantise(graph, ranges, assign(graph), largest=largest)
    onnx.save(export(graph), folder / "float.onnx")
    quantize_static(
        folder / "float.onnx",
        folder / "theirs.onnx",
        _Reader(samples),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=largest == REDUCED_WEIGHT,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "Gemm", *QUANTISED],
    )
    return Case(graph, samples, ours, onnx.load(folder / "theirs.onnx"), largest)


def _activations(model: onnx.ModelProto) -> dict[str, tuple[float, int]]:
    """Return scale and zero point by the name of the tensor that is quantised."""
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    return {
        each.input[0].removesuffix("_QuantizeLinear_Input"): (
            float(constants[each.input[1]]),
            int(constants[each.input[2]]),
        )
        for each in model.graph.node
        if each.op_type == "QuantizeLinear"
    }


def _layers(model: onnx.ModelProto) -> dict[str, tuple[Array, ...]]:
    """Return integers and scales of weights and biases by what their layer computes."""
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    readers = {each.output[0]: each for each in model.graph.node}
    found = {}
    for each in model.graph.node:
        if each.op_type in ("Conv", "Gemm"):
            sources = [readers[name] for name in each.input[1:]]
            found[each.output[0]] = tuple(
                constants[name] for source in sources for name in source.input[:2]
            )
    return found


def test_scales_are_those_of_onnx_runtime(case: Case) -> None:
    ours, theirs = _activations(case.model), _activations(case.theirs)
    # the parts of a Concat have its scale, and what no layer follows stays float32
    moved = {"r4", "c5", "joined"}
    assert set(ours) >= {"image", "r1", "c2", "h2", "c3", "r3", "pool", "c6", "mean6", "logits"}
    for name in ours.keys() & theirs.keys() - moved:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6), name
    assert len({ours[name] for name in moved}) == 1
    assert "probabilities" not in ours


def test_weights_and_biases_are_those_of_onnx_runtime(case: Case) -> None:
    ours, theirs = _layers(case.model), _layers(case.theirs)
    same = ours.keys() & theirs.keys()
    assert same >= {"r1", "c2", "c3", "c5", "c6", "logits"}
    for name in same:
        for mine, other in zip(ours[name], theirs[name], strict=True):
            assert mine.dtype == other.dtype
            np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9, err_msg=name)


def test_results_are_as_near_as_those_of_onnx_runtime(case: Case) -> None:
    def noise(model: onnx.ModelProto) -> float:
        return sum(
            float(np.sum((run(model, inputs)[0] - run(export(case.graph), inputs)[0]) ** 2))
            for inputs in case.samples
        )

    assert noise(case.model) < 1.1 * noise(case.theirs), (noise(case.model), noise(case.theirs))


def test_biases_take_back_what_rounded_weights_add(case: Case) -> None:
    """In the mean over samples, and at every output channel."""
    ranges = calibrate(case.graph, case.samples, "minmax", _quiet)
    errors = bias_errors(case.graph, case.samples, _quiet, case.largest)
    corrected = _layers(
        export(quantise(case.graph, ranges, assign(case.graph), errors, case.largest))
    )
    integers, scales, before, unit = _layers(case.model)["logits"]
    exact = next(n for n in case.graph.nodes if n.output.name == "logits").input(1).constant
    assert exact is not None
    session = Session(case.graph, ["flat"])
    mean = np.mean([session.run(inputs)["flat"][0] for inputs in case.samples], axis=0)
    expected = (integers * scales[:, None] - exact) @ mean
    np.testing.assert_allclose(errors["logits"], expected, rtol=1e-3, atol=1e-6)
    taken = (before.astype(np.int64) - corrected["logits"][2]) * unit
    np.testing.assert_allclose(taken, expected, atol=float(unit.max()))


def test_a_layer_stays_float_where_it_shall(case: Case) -> None:
    kept = next(each for each in case.graph.nodes if each.output.name == "c4")
    ranges = calibrate(case.graph, case.samples, "minmax", _quiet)
    ours = quantise(case.graph, ranges, assign(case.graph, {kept.name}))
    layer = next(each for each in ours.nodes if each.output.name == "c4")
    assert layer.input(1).constant is not None  # its weights, as they are
    assert any(each.op == "Relu" for each in ours.nodes)  # which no integers apply


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_few_values_far_out_are_cut_off(method: str) -> None:
    values = np.random.default_rng(2).normal(0, 1, 1_000_000).astype(np.float32)
    values[0] = 15
    counted = Histogram(float(values.min()), float(values.max()))
    counted.add(values)
    low, high = METHODS[method](counted)
    assert -5.1 < low < -2 < 2 < high < 8
    # a tensor without such values keeps nearly all of its range
    even = Histogram(0.0, 1.0)
    even.add(np.linspace(0, 1, 20000, dtype=np.float32))
    low, high = METHODS[method](even)
    assert low == 0
    assert high > 0.9


def test_no_sum_of_products_and_bias_leaves_32_bits() -> None:
    small = np.full((2, 9), 1e-6, np.float32)
    small[1] = 1
    bias = np.array([50, 50], np.float32)
    integers, scales, sums = quantise_weights(small, 0, bias, 1e-3)
    assert sums is not None
    most = np.abs(integers.astype(np.int64)).sum(1) * 255 + np.abs(sums.astype(np.int64))
    assert most.max() < 2**31
    assert scales[0] > 1e-6 / 127  # raised: else the bias would be 6e12
    np.testing.assert_allclose(sums * scales * np.float32(1e-3), bias, rtol=1e-3)
    np.testing.assert_array_equal(integers[1], 127)


def test_a_file_of_tensors_must_fit(case: Case, tmp_path: Path) -> None:
    def complaint(**arrays: Array) -> str:
        np.savez(tmp_path / "x.npz", allow_pickle=True, **arrays)
        with pytest.raises(CompileError) as caught:
            tensors(tmp_path / "x.npz", case.graph)
        return str(caught.value)

    good = np.zeros((2, 1, 3, 16, 16), np.float32)
    assert "holds picture, expected an array for each input" in complaint(picture=good)
    assert "image is float32[2, 3, 16, 16], expected float32[samples" in complaint(
        image=good[:, 0]
    )
    assert "image is float64[" in complaint(image=good.astype(np.float64))
    assert "NaN or infinite" in complaint(image=good + np.nan)
    assert "no sample" in complaint(image=good[:0])
    assert "is no .npz file" in complaint(image=np.array([{}]))
    (tmp_path / "y.npz").write_bytes(b"nothing")
    with pytest.raises(CompileError, match=r"is no \.npz file of arrays"):
        tensors(tmp_path / "y.npz", case.graph)


def test_a_command_quantises(
    tiny_onnx: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    command = ("quantise", tiny_onnx, "-o", tmp_path / "tiny.onnx")
    assert "add --calibration with a folder" in refusal(capsys, *command)
    given = ("--calibration", photo.parent)
    found = run_json(capsys, *command, *given)
    assert isinstance(found, dict)
    assert found["accuracy"]["integer_macs"] > 0.98
    metadata = {each.key: each.value for each in onnx.load(tiny_onnx).metadata_props}
    written = {each.key: each.value for each in onnx.load(tmp_path / "tiny.onnx").metadata_props}
    for key in ("edge.preprocess", "edge.labels", "edge.decoder"):
        assert json.loads(written[key]) == json.loads(metadata[key])
    assert f"{tiny_onnx.name} sha256:" in written["edge.provenance"]
    again = ("quantise", tmp_path / "tiny.onnx", "-o", tmp_path / "again.onnx", *given)
    assert "is quantised already" in refusal(capsys, *again)


def test_what_is_quantised_here_is_what_runs_in_integers() -> None:
    assert ROLES.keys() - RULES.keys() - FUNCTIONS.keys() == {"Identity"}  # is removed before
    assert RULES.keys() - ROLES.keys() == {"DequantizeLinear"}  # which quantised files have
