"""How nodes become calls of the kernels of plain.h: all values are float32 in row-major order."""

from __future__ import annotations

from collections.abc import Mapping
import math

from edge_compiler.ir.graph import Node
from edge_compiler.ops.activations import activation_of, FUNCTIONS
from edge_compiler.targets.c99.table import lowers, require_constants
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import (
    DENSE,
    image_shape,
    is_image,
    merge_axes,
    repeated,
)
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry, matrix_and_bias, required
from edge_compiler.targets.program.program import Call, Field, Pointer, reading, writing
from edge_compiler.targets.program.reorder import MAX_RANK, ranked


def _require_image(node: Node) -> str | None:
    value = node.input(0)
    return None if is_image(value) else f"'{value.name}' is no image: {list(value.shape)}"


_KNOWN = (
    *("Relu", "Clip", "LeakyRelu", "Sigmoid", "SiLU", "Tanh", "Neg", "Abs", "HardSigmoid"),
    *("HardSwish", "Elu", "Softplus", "Sqrt", "Reciprocal", "Exp", "Log"),
)
"""Functions of one number that plain.h has."""


def fused_refusal(node: Node) -> str | None:
    """Return why what a node does to its result can't be done."""
    activation = node.fused.activation
    if activation is not None and activation.op not in _KNOWN:
        return f"{activation.op} after it is not supported"
    return None


def _simple(
    low: Lowering,
    node: Node,
    call: tuple[str, str, Mapping[str, Field]],
    *constants: Pointer,
) -> None:
    """Add a step from the first input to the output, with constants between them."""
    function, config, fields = call
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)

    def make(_: object) -> Call:
        return Call(function, config, fields, (reading(source), *constants, writing(target)))

    low.add(node, node.op, [source], target, make, value=node.output)


def _activation(node: Node) -> dict[str, Field]:
    return {"act": node.fused.activation}


@lowers("Conv", check=lambda node: _require_image(node) or require_constants(node, 1, 2))
def lower_conv(low: Lowering, node: Node) -> None:
    """Convolve images or lines with constant weights."""
    weights, bias = required(node, 1), node.constant(2)
    groups, geometry = node.attributes.get("group", 1), Geometry.of(node)
    images, _, in_h, in_w = image_shape(node.input(0).shape)
    _, outputs, out_h, out_w = image_shape(node.output.shape)
    w = low.weights.add(weights)
    b = low.weights.add(weights[:, 0].reshape(outputs, -1)[:, 0] * 0 if bias is None else bias)
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    other = node.fused.residual
    residual = source if other is None else low.source(other, DENSE)
    fields = {
        **_window(geometry, (in_h, in_w), (out_h, out_w)),
        "images": images,
        "groups": groups,
        "in_channels": weights.shape[1],
        "out_channels": outputs // groups,
        "has_residual": int(other is not None),
        **_activation(node),
    }

    def call(_: object) -> Call:
        pointers = (reading(source), w, b, reading(residual), writing(target))
        return Call("plain_conv_run", "plain_conv", fields, pointers)

    macs = node.output.size * weights[0].size
    low.add(node, "convolution", [source, residual], target, call, value=node.output, macs=macs)


def _window(geometry: Geometry, size: tuple[int, int], out: tuple[int, int]) -> dict[str, Field]:
    names = ("in_h", "in_w", "out_h", "out_w")
    sizes = dict(zip(names, (*size, *out), strict=True))
    return {
        **sizes,
        **geometry.fields(),
        "pad_top": geometry.pads[0],
        "pad_left": geometry.pads[1],
    }


@lowers("MaxPool", "AveragePool", check=_require_image)
def lower_pool(low: Lowering, node: Node) -> None:
    """Pool images or lines."""
    geometry = Geometry.of(node)
    images, channels, in_h, in_w = image_shape(node.input(0).shape)
    top, left, bottom, right = geometry.pads
    fields = {
        **_window(geometry, (in_h, in_w), image_shape(node.output.shape)[2:]),
        "planes": images * channels,
        "padded_h": in_h + top + bottom,
        "padded_w": in_w + left + right,
        "average": int(node.op == "AveragePool"),
        "count_include_pad": node.attributes.get("count_include_pad", 0),
    }
    _simple(low, node, ("plain_pool_run", "plain_pool", fields))


@lowers("GlobalAveragePool", check=_require_image)
def lower_global_average(low: Lowering, node: Node) -> None:
    """Take the mean of each channel."""
    lines = node.output.size
    fields = {"lines": lines, "length": node.input(0).size // lines}
    _simple(low, node, ("plain_mean_run", "plain_lines", fields))


def _check_product(node: Node) -> str | None:
    weights = node.input(1)
    if len(weights.shape) != 2:
        return f"only products with a matrix are supported, '{weights.name}' is {weights.shape}"
    if node.attributes.get("transA"):
        return "transA is not supported"
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if bias is not None and bias.size not in (1, node.output.shape[-1]):
        return f"the bias '{bias.name}' must be one row"
    return require_constants(node, 1, 2)


@lowers("Gemm", "MatMul", check=_check_product)
def lower_product(low: Lowering, node: Node) -> None:
    """Multiply rows by a constant matrix."""
    matrix, bias = matrix_and_bias(node)
    outputs, inputs = matrix.shape
    fields = {
        "rows": node.output.size // outputs,
        "inputs": inputs,
        "outputs": outputs,
        **_activation(node),
    }
    constants = low.weights.add(matrix), low.weights.add(bias)
    _simple(low, node, ("plain_product_run", "plain_product", fields), *constants)


def _check_function(node: Node) -> str | None:
    activation = activation_of(node)
    if activation is None:
        return "its bounds must be constants"
    return None if activation.op in _KNOWN else f"{activation.op} is not supported"


@lowers(*{FUNCTIONS[name].op: None for name in _KNOWN}, check=_check_function)
def lower_unary(low: Lowering, node: Node) -> None:
    """Apply a function to each element."""
    fields: dict[str, Field] = {"count": node.output.size, "act": activation_of(node)}
    _simple(low, node, ("plain_unary_run", "plain_unary", fields))


@lowers("ChannelAffine")
def lower_affine(low: Lowering, node: Node) -> None:
    """Scale and shift each channel."""
    images, channels, *inner = node.output.shape
    fields = {
        "lines": images * channels,
        "channels": channels,
        "length": math.prod(inner),
        **_activation(node),
    }
    constants = [low.weights.add(required(node, index)) for index in (1, 2)]
    _simple(low, node, ("plain_affine_run", "plain_affine", fields), *constants)


_BINARY = {
    "Add": "PLAIN_ADD",
    "Sum": "PLAIN_ADD",
    "Sub": "PLAIN_SUB",
    "Mul": "PLAIN_MUL",
    "Div": "PLAIN_DIV",
    "Max": "PLAIN_MAX",
    "Min": "PLAIN_MIN",
    "PRelu": "PLAIN_PRELU",
    "Pow": "PLAIN_POW",
}


def _check_binary(node: Node) -> str | None:
    rank = len(node.output.shape)
    return f"it has more than {MAX_RANK} dimensions: {rank}" if rank > MAX_RANK else None


@lowers(*_BINARY, check=_check_binary)
def lower_binary(low: Lowering, node: Node) -> None:
    """Combine tensors that broadcast; several of them one after the other."""
    operands = [(Data.of(low, v), v.shape) for v in node.inputs if v is not None]
    if len(operands) == 1:
        low.share(node.output, node.input(0))
        return
    target = low.target(node.output, DENSE)
    left, *others = operands
    for index, right in enumerate(others, start=1):
        is_last = index == len(others)
        _add_binary(low, node, left, right, target, is_last)
        left = (Data(target), node.output.shape)


Operand = tuple[Data, tuple[int, ...]]


def _add_binary(
    low: Lowering, node: Node, left: Operand, right: Operand, target: Buffer, is_last: bool
) -> None:
    (a, a_shape), (b, b_shape), full = left, right, node.output.shape
    shape, (a_steps, b_steps) = merge_axes(full, repeated(a_shape, full), repeated(b_shape, full))
    fields: dict[str, Field] = {
        "shape": ranked(shape, 1),
        "a": ranked(a_steps, 0),
        "b": ranked(b_steps, 0),
        "op": _BINARY[node.op],
        "act": node.fused.activation if is_last else None,
    }

    def call(_: object) -> Call:
        pointers = (a.pointer(), b.pointer(), writing(target))
        return Call("plain_binary_run", "plain_binary", fields, pointers)

    value = node.output if is_last else None
    low.add(node, node.op, [*a.reads, *b.reads], target, call, value=value)


@lowers("Softmax")
def lower_softmax(low: Lowering, node: Node) -> None:
    """Normalise along an axis."""
    shape = node.input(0).shape
    axis = node.attributes["axis"] % len(shape)
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    fields = {"outer": outer, "length": shape[axis], "inner": inner}
    _simple(low, node, ("plain_softmax_run", "plain_axis", fields))


@lowers("LRN", check=_require_image)
def lower_lrn(low: Lowering, node: Node) -> None:
    """Normalise over neighbouring channels."""
    images, channels, height, width = image_shape(node.output.shape)
    numbers = {name: node.attributes[name] for name in ("size", "alpha", "beta", "bias")}
    fields = {"images": images, "channels": channels, "pixels": height * width, **numbers}
    _simple(low, node, ("plain_lrn_run", "plain_lrn", fields))
