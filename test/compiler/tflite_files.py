"""Small files of TensorFlow Lite, an operator or a few each, and what LiteRT makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
import flatbuffers
import numpy as np
import onnxruntime

from bench.engines.tflite import Quantised, Writer
from edge_compiler.frontends.tflite import convert

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> Array:
    return RANDOM.standard_normal(shape).astype(np.float32)


def options(kind: str, **fields: Any) -> Any:
    """Return the options of an operator, by the name of their table in the schema."""
    made = getattr(schema, f"{kind}OptionsT")()
    for name, value in fields.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


class Net(Writer):
    """A file in the making, with its inputs and outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[int] = []
        self.outputs: list[int] = []

    def input(self, *shape: int, dtype: Any = np.float32, scale: Quantised | None = None) -> int:
        self.inputs.append(self.tensor(shape, dtype, scale))
        return self.inputs[-1]

    def output(self, *shape: int, dtype: Any = np.float32, scale: Quantised | None = None) -> int:
        self.outputs.append(self.tensor(shape, dtype, scale))
        return self.outputs[-1]

    def write(self) -> bytes:
        return self.finish(self.inputs, self.outputs)


def make_inputs(file: bytes) -> dict[str, Array]:
    """Return random inputs: integers are all that their type holds."""
    random, inputs = np.random.default_rng(1), {}
    for entry in Interpreter(model_content=file).get_input_details():
        shape, dtype = tuple(entry["shape"]), entry["dtype"]
        if dtype == np.float32:
            array = random.standard_normal(shape, dtype)
        elif dtype in (np.int8, np.uint8):
            limits = np.iinfo(dtype)
            array = random.integers(limits.min, limits.max + 1, shape, dtype)
        else:
            array = random.integers(0, 2 if dtype == np.bool_ else 4, shape).astype(dtype)
        inputs[entry["name"]] = array
    return inputs


def run_litert(file: bytes, inputs: Mapping[str, Array]) -> dict[str, Array]:
    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    for entry in interpreter.get_input_details():
        interpreter.set_tensor(entry["index"], inputs[entry["name"]])
    interpreter.invoke()
    return {
        entry["name"]: interpreter.get_tensor(entry["index"])
        for entry in interpreter.get_output_details()
    }


def run_onnx(file: bytes, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return what ONNX Runtime makes of the file as ONNX."""
    model = convert(file, "made.tflite")
    exactly = onnxruntime.SessionOptions()
    exactly.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), exactly)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def small() -> bytes:
    """Return a file of a few layers, of which one has its weights as float16."""
    net = Net()
    image = net.input(1, 8, 6, 3)
    one = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    kernel = net.tensor((1, 3, 3, 4))
    net.operator("DEQUANTIZE", [net.constant(numbers(1, 3, 3, 4).astype(np.float16))], [kernel])
    first, second = net.tensor((1, 8, 6, 4)), net.tensor((1, 8, 6, 4))
    weights = [net.constant(numbers(4, 3, 3, 3)), net.constant(numbers(4))]
    convolution = options("Conv2D", fusedActivationFunction=3, **one)
    net.operator("CONV_2D", [image, *weights], [first], convolution)
    depthwise = options("DepthwiseConv2D", depthMultiplier=1, **one)
    bias = net.constant(numbers(4))
    net.operator("DEPTHWISE_CONV_2D", [first, kernel, bias], [second], depthwise)
    bent = net.tensor((1, 8, 6, 4))
    net.operator("PRELU", [second, net.constant(numbers(1, 1, 4))], [bent])
    flat = net.output(1, 192)
    net.operator("RESHAPE", [bent, net.integers(1, 192)], [flat], options("Reshape"))
    return net.write()


def running_sum(start: float = 0.0) -> bytes:
    """Return a file that adds up its inputs in a variable, which begins with a number."""
    net = Net()
    net.operator("CALL_ONCE", [], [], options("CallOnce", initSubgraphIndex=1))
    before, after = net.tensor((1, 4)), net.output(1, 4)
    handle = _variable(net)
    net.operator("READ_VARIABLE", [handle], [before], options("ReadVariable"))
    net.operator("ADD", [net.input(1, 4), before], [after], options("Add"))
    kept = net.tensor((1, 4))
    net.operator("ADD", [after, net.constant(np.ones((1, 4), np.float32))], [kept], options("Add"))
    net.operator("ASSIGN_VARIABLE", [handle, kept], [], options("AssignVariable"))
    main, net._graph = net._graph, schema.SubGraphT()
    net._graph.tensors, net._graph.operators, net._graph.inputs, net._graph.outputs = (
        [],
        [],
        [],
        [],
    )
    constant = net.constant(np.full((1, 4), start, np.float32))
    net.operator("ASSIGN_VARIABLE", [_variable(net), constant], [], options("AssignVariable"))
    once, net._graph = net._graph, main
    model = schema.ModelT.InitFromPackedBuf(net.write())
    model.subgraphs.append(once)
    return _packed(model)


def signed(
    file: bytes,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    key: str = "serving_default",
) -> bytes:
    """Return a file with a signature, which has names for tensors."""
    model = schema.ModelT.InitFromPackedBuf(file)
    made = schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex = key, 0
    made.inputs, made.outputs = (_names(tensors) for tensors in (inputs, outputs))
    model.signatureDefs = [*(model.signatureDefs or ()), made]
    return _packed(model)


def _names(tensors: Mapping[str, int]) -> list[Any]:
    entries = []
    for name, index in tensors.items():
        entries.append(schema.TensorMapT())
        entries[-1].name, entries[-1].tensorIndex = name, index
    return entries


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _variable(net: Net) -> int:
    """Add the handle of a variable and return its index."""
    handle = net.tensor(())
    net._graph.tensors[handle].type = schema.TensorType.RESOURCE
    net._graph.tensors[handle].name = "sum"
    net.operator("VAR_HANDLE", [], [handle], options("VarHandle", container="", sharedName="sum"))
    return handle
