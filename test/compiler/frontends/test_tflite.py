"""TensorFlow Lite's files as ONNX, against LiteRT."""

from __future__ import annotations

from pathlib import Path

from ai_edge_litert.interpreter import Interpreter
import numpy as np
import onnxruntime
import pytest
from tflite_cases import CASES, quantise, QUANTISED
from tflite_files import (
    make_inputs,
    Net,
    numbers,
    options,
    run_litert,
    run_onnx,
    running_sum,
    small,
)

from bench.engines.tflite import Quantised
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.frontends.tflite import convert
from edge_perception.runtime import load


@pytest.mark.parametrize("name", CASES)
def test_an_operator_computes_what_litert_does(name: str) -> None:
    file = CASES[name].write()
    compare(file)


def compare(file: bytes) -> None:
    """Compare all outputs: names, shapes, types, and values within some roundings of float32."""
    inputs = make_inputs(file)
    expected, computed = run_litert(file, inputs), run_onnx(file, inputs)
    assert list(computed) == list(expected)
    for output, truth in expected.items():
        assert computed[output].dtype == truth.dtype
        assert computed[output].shape == truth.shape
        tolerance = 1e-5 if truth.dtype == np.float32 else 0
        np.testing.assert_allclose(computed[output], truth, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", QUANTISED)
def test_integers_are_at_most_one_off_those_of_litert(name: str) -> None:
    """Some results are rounded twice there, or up where the next even number is below."""
    file = quantise(name)
    inputs = make_inputs(file)
    expected, computed = run_litert(file, inputs), run_onnx(file, inputs)
    assert list(computed) == list(expected)
    for output, truth in expected.items():
        assert computed[output].dtype == truth.dtype == np.int8
        assert len(np.unique(truth)) >= 5
        off = abs(computed[output].astype(int) - truth)
        assert off.max() <= 1
        assert off.mean() < 0.2


def test_unsigned_integers_with_a_zero_of_their_own() -> None:
    """So the first quantised networks were made."""
    net = Net()
    x = net.input(1, 8, 6, 3, dtype=np.uint8, scale=Quantised([0.05], [128]))
    weights = np.random.default_rng(3).integers(0, 256, (4, 3, 3, 3), np.uint8)
    bias = np.array([500, -500, 0, 7], np.int32)
    read = [
        x,
        net.constant(weights, Quantised([0.01], [120])),
        net.constant(bias, Quantised([0.05 * 0.01], [0])),
    ]
    result = net.output(1, 8, 6, 4, dtype=np.uint8, scale=Quantised([0.06], [120]))
    one = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    net.operator("CONV_2D", read, [result], options("Conv2D", fusedActivationFunction=3, **one))
    compare(net.write())


def test_a_network_of_integers_runs_in_a_bundle(tmp_path: Path) -> None:
    """It takes and gives the file's integers."""
    path = tmp_path / "integers.tflite"
    path.write_bytes(quantised_network())
    inputs = make_inputs(path.read_bytes())
    compile_model(path, tmp_path / "integers.edge", Options(), lambda *_: None)
    with load(tmp_path / "integers.edge", threads=1) as model:
        results = model.run(inputs)
    for name, truth in run_litert(path.read_bytes(), inputs).items():
        assert results[name].dtype == truth.dtype == np.int8
        assert results[name].shape == truth.shape
        assert abs(results[name].astype(int) - truth).max() <= 2  # one a layer that rounds twice


def quantised_network() -> bytes:
    """Return a file of layers of int8: a residual block and a classifier."""
    net, random = Net(), np.random.default_rng(4)

    def weights(*shape: int, axis: int = 0) -> tuple[int, list[float]]:
        scales = random.uniform(0.002, 0.01, shape[axis]).tolist()
        array = random.integers(-127, 128, shape).astype(np.int8)
        return net.constant(array, Quantised(scales, [0] * len(scales), axis)), scales

    def bias(scale: float, scales: list[float]) -> int:
        array = random.integers(-300, 300, len(scales)).astype(np.int32)
        return net.constant(array, Quantised([scale * s for s in scales], [0] * len(scales)))

    def inside(*shape: int, scale: float, zero: int = -128) -> int:
        return net.tensor(shape, np.int8, Quantised([scale], [zero]))

    x = net.input(1, 8, 6, 3, dtype=np.int8, scale=Quantised([0.02], [1]))
    same = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    kernel, scales = weights(8, 3, 3, 3)
    first = inside(1, 8, 6, 8, scale=6 / 255)
    relu6 = options("Conv2D", fusedActivationFunction=3, **same)
    net.operator("CONV_2D", [x, kernel, bias(0.02, scales)], [first], relu6)
    kernel, scales = weights(1, 3, 3, 8, axis=3)
    second = inside(1, 8, 6, 8, scale=0.05, zero=3)
    each = options("DepthwiseConv2D", depthMultiplier=1, **same)
    net.operator("DEPTHWISE_CONV_2D", [first, kernel, bias(6 / 255, scales)], [second], each)
    third, mean = inside(1, 8, 6, 8, scale=0.06, zero=-2), inside(1, 8, scale=0.02, zero=5)
    net.operator("ADD", [first, second], [third], options("Add"))
    net.operator("MEAN", [third, net.integers(1, 2)], [mean], options("Reducer"))
    kernel, scales = weights(5, 8)
    logits = inside(1, 5, scale=0.03, zero=7)
    read = [mean, kernel, bias(0.02, scales)]
    net.operator("FULLY_CONNECTED", read, [logits], options("FullyConnected"))
    result = net.output(1, 5, dtype=np.int8, scale=Quantised([1 / 256], [-128]))
    net.operator("SOFTMAX", [logits], [result], options("Softmax", beta=1.0))
    return net.write()


def test_numbers_become_integers_and_back() -> None:
    net = Net()
    x = net.input(1, 5, 3)
    inside = net.tensor((1, 5, 3), np.int8, Quantised([0.02], [5]))
    again = net.tensor((1, 5, 3), np.int8, Quantised([0.03], [-4]))
    net.operator("QUANTIZE", [x], [inside])
    net.operator("QUANTIZE", [inside], [again])
    net.operator("DEQUANTIZE", [again], [net.output(1, 5, 3)])
    compare(net.write())


def test_layers_compute_what_litert_does() -> None:
    compare(small())


def test_images_may_have_their_channels_first() -> None:
    net = Net()
    image = net.input(1, 8, 6, 5)
    net.operator("MAX_POOL_2D", [image], [net.output(1, 4, 3, 5)], POOL)
    file = net.write()
    x = numbers(1, 8, 6, 5)
    (expected,) = run_litert(file, {"tensor0": x}).values()
    model = convert(file, "made.tflite", channels_first=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(None, {"tensor0": x.transpose(0, 3, 1, 2)})
    np.testing.assert_array_equal(result, expected.transpose(0, 3, 1, 2))
    assert [node.op_type for node in model.graph.node] == ["MaxPool"]


def test_a_change_of_layout_is_written_only_where_it_matters() -> None:
    """Between layers of images nothing is transposed; that the file does it changes nothing."""
    net = Net()
    image = net.input(1, 8, 6, 5)
    first, second, third = (net.tensor((1, *shape)) for shape in ((4, 3, 5), (5, 4, 3), (4, 3, 5)))
    net.operator("MAX_POOL_2D", [image], [first], POOL)
    net.operator("TRANSPOSE", [first, net.integers(0, 3, 1, 2)], [second])
    net.operator("TRANSPOSE", [second, net.integers(0, 2, 3, 1)], [third])
    net.operator("ADD", [third, first], [net.output(1, 4, 3, 5)], options("Add"))
    file = net.write()
    compare(file)
    nodes = [node.op_type for node in convert(file, "made.tflite").graph.node]
    assert nodes == ["Transpose", "MaxPool", "Add", "Transpose"]


POOL = options("Pool2D", strideW=2, strideH=2, filterWidth=2, filterHeight=2)


def test_what_is_not_supported_is_named_with_a_way_out() -> None:
    net = Net()
    net.operator("WHILE", [net.input(3)], [net.output(3)])
    with pytest.raises(
        CompileError,
        match="^x can't be compiled: the operator WHILE that computes 'tensor1' is not supported: "
        r"convert the model without loops and conditions$",
    ):
        convert(net.write(), "x")


def test_a_computed_size_is_refused() -> None:
    net = Net()
    image, begin = net.input(1, 8), net.input(2, dtype=np.int32)
    size = net.integers(1, 3)
    net.operator("SLICE", [image, begin, size], [net.output(1, 3)])
    with pytest.raises(CompileError, match=r"'tensor1' is computed .*with fixed shapes$"):
        convert(net.write(), "x")


def test_numbers_of_sixteen_bits_are_refused() -> None:
    net = Net()
    scale = Quantised([0.5], [0])
    x = net.input(3, dtype=np.int16, scale=scale)
    net.operator("RELU", [x], [net.output(3, dtype=np.int16, scale=scale)])
    with pytest.raises(CompileError, match=r"integers of 8 bits$"):
        convert(net.write(), "x")


def test_a_variable_is_an_input_and_an_output() -> None:
    file = running_sum()
    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    [given], [wanted] = interpreter.get_input_details(), interpreter.get_output_details()
    state = {"sum": np.zeros((1, 4), np.float32)}
    for _ in range(3):
        x = numbers(1, 4)
        interpreter.set_tensor(given["index"], x)
        interpreter.invoke()
        computed = run_onnx(file, {given["name"]: x, **state})
        assert list(computed) == [wanted["name"], "next_sum"]
        truth = interpreter.get_tensor(wanted["index"])
        np.testing.assert_allclose(computed[wanted["name"]], truth, rtol=1e-6)
        state = {"sum": computed["next_sum"]}


def test_a_variable_that_begins_with_a_number_is_refused() -> None:
    with pytest.raises(CompileError, match="state 'sum' doesn't begin with zeros: convert the"):
        convert(running_sum(0.5), "made.tflite")
