"""TensorFlow Lite's files as ONNX, against LiteRT."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from tflite_cases import CASES
from tflite_files import make_inputs, Net, numbers, options, run_litert, run_onnx, small

from bench.engines.tflite import Quantised
from edge_compiler.errors import CompileError
from edge_compiler.frontends.tflite import convert


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
