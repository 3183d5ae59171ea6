"""What each operator of TensorFlow Lite is in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from edge_compiler.frontends.tflite.graph import (
    Code,
    FROM_ONNX,
    Graph,
    onnx_shape,
    Operator,
    TO_ONNX,
)

_SAME = 0  # a padding that keeps the size, but for the stride


def _pads(
    size: tuple[int, ...], kernel: tuple[int, ...], strides: list[int], dilations: list[int]
) -> list[int]:
    """Return the padding that keeps a size but for the stride; the odd one is at the end."""
    totals = [
        max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _convolve(graph: Graph, operator: Operator, depthwise: bool) -> None:
    x, kernel, output = operator.tensor(0), operator.constant(1), operator.output
    fields = (5, 6) if depthwise else (4, 5)
    dilations = [operator.option(fields[1]) or 1, operator.option(fields[0]) or 1]
    strides = [operator.option(2), operator.option(1)]
    # kernels are [out, rows, columns, in], depthwise ones [1, rows, columns, out]
    weights = kernel.transpose(3, 0, 1, 2) if depthwise else kernel.transpose(TO_ONNX)
    names = [x.name, graph.constant(f"{output.name}/weight", weights.astype(np.float32))]
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator.constant(2).astype(np.float32)
        names.append(graph.constant(f"{output.name}/bias", bias))
    is_same = operator.option(0, "<b") == _SAME
    graph.add(
        "Conv",
        names,
        f"{output.name}/conv",
        kernel_shape=kernel.shape[1:3],
        strides=strides,
        dilations=dilations,
        group=x.shape[3] if depthwise else 1,
        pads=_pads(x.shape[1:3], kernel.shape[1:3], strides, dilations) if is_same else [0] * 4,
    )
    graph.finish(f"{output.name}/conv", output, operator.option(4 if depthwise else 3, "<b"))


def _pool(graph: Graph, operator: Operator, op: str) -> None:
    x, output = operator.tensor(0), operator.output
    strides = [operator.option(2), operator.option(1)]
    kernel = (operator.option(4), operator.option(3))
    is_same = operator.option(0, "<b") == _SAME
    pads = _pads(x.shape[1:3], kernel, strides, [1, 1]) if is_same else [0] * 4
    name = f"{output.name}/pool"
    graph.add(op, [x.name], name, kernel_shape=kernel, strides=strides, pads=pads)
    graph.finish(name, output, operator.option(5, "<b"))


def _binary(graph: Graph, operator: Operator, op: str) -> None:
    output = operator.output
    names = [graph.read(operator.tensor(index)) for index in (0, 1)]
    graph.add(op, names, f"{output.name}/{op}")
    graph.finish(f"{output.name}/{op}", output, operator.option(0, "<b"))


def _unary(graph: Graph, operator: Operator, op: str) -> None:
    graph.add(op, [operator.tensor(0).name], operator.output.name)


def _hard_swish(graph: Graph, operator: Operator) -> None:
    """Write it as x * hard_sigmoid(x): opset 13 has no HardSwish."""
    x, name = operator.tensor(0).name, operator.output.name
    gate = graph.add("HardSigmoid", [x], f"{name}/gate", alpha=1 / 6, beta=0.5)
    graph.add("Mul", [x, gate], name)


def _concat(graph: Graph, operator: Operator) -> None:
    output = operator.output
    rank = len(output.shape)
    axis = operator.option(0) % rank
    names = [graph.read(operator.tensor(index)) for index in range(len(operator.inputs))]
    axis = TO_ONNX.index(axis) if rank == 4 else axis
    graph.add("Concat", names, f"{output.name}/concat", axis=axis)
    graph.finish(f"{output.name}/concat", output, operator.option(1, "<b"))


def _reshape(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    name = x.name
    if len(x.shape) == 4:
        name = graph.add("Transpose", [name], f"{output.name}/last", perm=FROM_ONNX)
    if len(output.shape) == 4:
        name = graph.reshape(name, f"{output.name}/image", *output.shape)
        graph.add("Transpose", [name], output.name, perm=TO_ONNX)
    else:
        graph.reshape(name, output.name, *output.shape)


def _resize(graph: Graph, operator: Operator) -> None:
    output = operator.output
    mode = "asymmetric"
    if operator.option(2, "<b"):
        mode = "align_corners"
    elif operator.option(3, "<b"):
        mode = "half_pixel"
    sizes = graph.constant(f"{output.name}/sizes", np.array(onnx_shape(output)))
    graph.add(
        "Resize",
        [operator.tensor(0).name, "", "", sizes],
        output.name,
        mode="linear",
        coordinate_transformation_mode=mode,
    )


def _pad(graph: Graph, operator: Operator) -> None:
    output = operator.output
    begin, end = operator.constant(1).astype(np.int64)[list(TO_ONNX)].T
    pads = graph.constant(f"{output.name}/pads", np.concatenate([begin, end]))
    graph.add("Pad", [operator.tensor(0).name, pads], output.name)


def _mean(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    if sorted(operator.constant(1).reshape(-1).tolist()) != [1, 2]:
        raise ValueError(f"{output.name} is no mean over an image")
    graph.add("GlobalAveragePool", [x.name], f"{output.name}/mean")
    if len(output.shape) == 4:
        graph.finish(f"{output.name}/mean", output)
    else:
        graph.reshape(f"{output.name}/mean", output.name, *output.shape)


def _fully_connected(graph: Graph, operator: Operator) -> None:
    x, output = operator.tensor(0), operator.output
    weights = operator.constant(1).astype(np.float32)
    name = x.name
    if len(x.shape) == 4:
        name = graph.add("Transpose", [name], f"{output.name}/last", perm=FROM_ONNX)
    if len(x.shape) != 2:
        name = graph.reshape(name, f"{output.name}/flat", 1, weights.shape[1])
    names = [name, graph.constant(f"{output.name}/weight", weights)]
    if len(operator.inputs) > 2 and operator.inputs[2] is not None:
        bias = operator.constant(2).astype(np.float32)
        names.append(graph.constant(f"{output.name}/bias", bias))
    graph.add("Gemm", names, f"{output.name}/gemm", transB=1)
    graph.finish(f"{output.name}/gemm", output, operator.option(0, "<b"))


def _prelu(graph: Graph, operator: Operator) -> None:
    x, name = operator.tensor(0).name, operator.output.name
    slope = operator.constant(1).reshape(-1, 1, 1).astype(np.float32)
    graph.add("PRelu", [x, graph.constant(f"{name}/slope", slope)], name)


def _dequantize(graph: Graph, operator: Operator) -> None:
    operator.output.constant = operator.constant(0).astype(np.float32)


def _transposed(graph: Graph, operator: Operator) -> None:
    """Add MediaPipe's transposed convolution with a bias."""
    x, kernel, output = operator.tensor(0), operator.constant(1), operator.output
    _, *strides = operator.custom[:12].view("<i4").tolist()
    if kernel.shape[1:3] != (2, 2) or strides != [2, 2]:
        raise ValueError(f"{output.name} is no transposed convolution of 2 x 2 with stride 2")
    weights = kernel.transpose(3, 0, 1, 2).astype(np.float32)
    constants = {"weight": weights, "bias": operator.constant(2).astype(np.float32)}
    read = [graph.constant(f"{output.name}/{name}", array) for name, array in constants.items()]
    graph.add("ConvTranspose", [x.name, *read], output.name, strides=strides)


OPERATORS: dict[Code, Callable[[Graph, Operator], None]] = {
    (0, ""): partial(_binary, op="Add"),
    (1, ""): partial(_pool, op="AveragePool"),
    (2, ""): _concat,
    (3, ""): partial(_convolve, depthwise=False),
    (4, ""): partial(_convolve, depthwise=True),
    (6, ""): _dequantize,
    (9, ""): _fully_connected,
    (14, ""): partial(_unary, op="Sigmoid"),
    (17, ""): partial(_pool, op="MaxPool"),
    (18, ""): partial(_binary, op="Mul"),
    (19, ""): partial(_unary, op="Relu"),
    (22, ""): _reshape,
    (23, ""): _resize,
    (34, ""): _pad,
    (40, ""): _mean,
    (54, ""): _prelu,
    (117, ""): _hard_swish,
    (32, "Convolution2DTransposeBias"): _transposed,
}
