"""TensorFlow Lite's convolutions, pools and products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator, Tensor, UnsupportedError
from edge_compiler.frontends.tflite.order import IMAGE, plain
from edge_compiler.frontends.tflite.rule import require_rank, Rule

_SAME = 0  # a padding that keeps the size, but for the stride
_DEPTHWISE_KERNEL = (1, 2, 3, 0)
"""How a kernel (1, row, column, output) lies in ONNX: (output, 1, row, column)."""
_TRANSPOSED_KERNEL = (1, 2, 3, 0)
"""How a kernel (output, row, column, input) lies in ONNX: (input, output, row, column)."""


def _pads(
    size: Sequence[int], kernel: Sequence[int], strides: list[int], dilations: list[int]
) -> list[int]:
    """Return the padding that keeps a size but for the stride; the odd one is at the end."""
    totals = [
        max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _bias(graph: Graph, operator: Operator, index: int) -> list[str]:
    return [graph.read(operator.tensor(index))] if operator.has(index) else []


def _convolve(graph: Graph, operator: Operator, depthwise: bool) -> None:
    x, kernel = operator.tensor(0), operator.tensor(1)
    require_rank(4, x, kernel, operator.output)
    fields = (5, 6) if depthwise else (4, 5)
    dilations = [operator.option(fields[1]) or 1, operator.option(fields[0]) or 1]
    strides = [operator.option(2), operator.option(1)]
    size, channels = x.shape[1:3], x.shape[3]
    if min(*strides, *dilations, *kernel.shape, channels) < 1:
        raise ValueError("its strides, dilations or kernel are empty")
    is_same = operator.option(0, "<b") == _SAME
    graph.result(
        operator.output,
        "Conv",
        [
            graph.read(x, IMAGE),
            graph.read(kernel, _DEPTHWISE_KERNEL if depthwise else IMAGE),
            *_bias(graph, operator, 2),
        ],
        IMAGE,
        activation=operator.option(4 if depthwise else 3, "<b"),
        kernel_shape=kernel.shape[1:3],
        strides=strides,
        dilations=dilations,
        group=channels if depthwise else channels // kernel.shape[3],
        pads=_pads(size, kernel.shape[1:3], strides, dilations) if is_same else [0] * 4,
    )


def _convolve_transposed(graph: Graph, operator: Operator) -> None:
    strides = [operator.option(2), operator.option(1)]
    x, kernel = operator.tensor(2), operator.tensor(1)
    is_same = operator.option(0, "<b") == _SAME
    _transposed(graph, operator, (x, kernel, 3), strides, is_same, operator.option(3, "<b"))


def _mediapipe_transposed(graph: Graph, operator: Operator) -> None:
    """Add MediaPipe's transposed convolution with a bias."""
    if len(operator.custom) < 12:
        raise ValueError("it lacks its options")
    padding, columns, rows = operator.custom[:12].view("<i4").tolist()
    operands = operator.tensor(0), operator.tensor(1), 2
    _transposed(graph, operator, operands, [rows, columns], padding == 1, 0)


def _transposed(
    graph: Graph,
    operator: Operator,
    operands: tuple[Tensor, Tensor, int],
    strides: list[int],
    is_same: bool,
    activation: int,
) -> None:
    """
    Add a transposed convolution.

    :param operands: the image, the kernel, and the index of the bias.
    """
    x, kernel, bias = operands
    output = operator.output
    require_rank(4, x, kernel, output)
    if min(strides) < 1:
        raise ValueError("its strides are empty")
    excess = [
        (n - 1) * stride + k - wanted
        for n, stride, k, wanted in zip(
            x.shape[1:3], strides, kernel.shape[1:3], output.shape[1:3], strict=True
        )
    ]
    before = [max(0, total) // 2 if is_same else 0 for total in excess]
    graph.result(
        output,
        "ConvTranspose",
        [
            graph.read(x, IMAGE),
            graph.read(kernel, _TRANSPOSED_KERNEL),
            *_bias(graph, operator, bias),
        ],
        IMAGE,
        activation=activation,
        kernel_shape=kernel.shape[1:3],
        strides=strides,
        pads=before + [max(0, total) - one for total, one in zip(excess, before, strict=True)],
        output_padding=[max(0, -total) for total in excess],
    )


def _pool(graph: Graph, operator: Operator, op: str) -> None:
    x = operator.tensor(0)
    require_rank(4, x, operator.output)
    strides = [operator.option(2), operator.option(1)]
    kernel = [operator.option(4), operator.option(3)]
    if min(*strides, *kernel) < 1:
        raise ValueError("its window is empty")
    is_same = operator.option(0, "<b") == _SAME
    graph.result(
        operator.output,
        op,
        [graph.read(x, IMAGE)],
        IMAGE,
        activation=operator.option(5, "<b"),
        kernel_shape=kernel,
        strides=strides,
        pads=_pads(x.shape[1:3], kernel, strides, [1, 1]) if is_same else [0] * 4,
    )


def _fully_connected(graph: Graph, operator: Operator) -> None:
    """Add a product of rows, whatever axes they are laid out along."""
    x, weights, output = operator.tensor(0), operator.tensor(1), operator.output
    require_rank(2, weights)
    if operator.option(1, "<b"):
        raise UnsupportedError("its weights are shuffled for one processor: convert it again")
    columns, features = weights.shape
    if not columns * features:
        raise ValueError("its weights are empty")
    flat, rows = x, int(np.prod(x.shape)) // features
    name = graph.read(x)
    if x.shape != (rows, features):
        flat = graph.between(x, [rows, features])
        if x.quantisation is None:
            name = graph.step(flat, "Reshape", [name, graph.given(flat, flat.shape)])
        else:  # with numbers of its own, so that the product may be one of integers
            graph.result(flat, "Reshape", [name, graph.given(flat, flat.shape)])
            name = graph.read(flat)
    operands = [name, graph.read(weights), *_bias(graph, operator, 2)]
    activation = operator.option(0, "<b")
    if output.shape == (rows, columns):
        graph.result(output, "Gemm", operands, activation=activation, transB=1)
        return
    product = graph.between(output, [rows, columns])
    graph.result(product, "Gemm", operands, activation=activation, transB=1)
    graph.result(output, "Reshape", [graph.read(product), graph.given(output, output.shape)])


def _multiply_matrices(graph: Graph, operator: Operator) -> None:
    names = []
    for index in (0, 1):
        tensor = operator.tensor(index)
        order = list(plain(tensor.rank))
        if tensor.rank < 2:
            raise ValueError("it multiplies what is no matrix")
        if operator.flag(index):  # turned
            order[-2:] = order[:-3:-1]
        names.append(graph.read(tensor, tuple(order)))
    graph.result(operator.output, "MatMul", names)


RULES: dict[str, Rule] = {
    "AVERAGE_POOL_2D": partial(_pool, op="AveragePool"),
    "BATCH_MATMUL": _multiply_matrices,
    "CONV_2D": partial(_convolve, depthwise=False),
    "Convolution2DTransposeBias": _mediapipe_transposed,
    "DEPTHWISE_CONV_2D": partial(_convolve, depthwise=True),
    "FULLY_CONNECTED": _fully_connected,
    "MAX_POOL_2D": partial(_pool, op="MaxPool"),
    "TRANSPOSE_CONV": _convolve_transposed,
}
