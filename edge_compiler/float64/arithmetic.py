"""Moves, arithmetic of tensors, matrix products."""

from __future__ import annotations

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import alike, Call, exactly, reference
from edge_compiler.ops.padding import pads_of

alike("Concat", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Split")
alike("DepthToSpace", "SpaceToDepth", "Tile")
alike("Squeeze", "Transpose", "Unsqueeze", "Max", "Gather")
alike("GatherElements", "GatherND", "ScatterElements", "ScatterND", roundings=1)
alike("Add", "Mean", "Mul", "Sum", roundings=1)


@exactly("Dropout")
def _same(call: Call) -> Exact:
    return call.x


@exactly("Pad")
def _pad(call: Call) -> Exact:
    mode, pads, number = call.attribute("mode"), pads_of(call.node), call.optional(2)
    assert pads is not None
    kept = tuple(slice(max(-a, 0), -max(-b, 0) or None) for a, b in pads)
    edges = [(max(a, 0), max(b, 0)) for a, b in pads]

    def padded(x: Array, constant: float) -> Array:
        if mode != "constant":
            return np.pad(x[kept], edges, mode)
        return np.pad(x[kept], edges, constant_values=constant)

    value = padded(call.x.value, 0 if number is None else number.value.item())
    size = padded(call.x.size, 0 if number is None else number.size.item())
    return Exact(value, size, call.depth)


@exactly("Sub")
def _sub(call: Call) -> Exact:
    a, b = call.input(0), call.input(1)
    return Exact(a.value - b.value, a.size + b.size, call.depth + 1)


@exactly("Min")
def _min(call: Call) -> Exact:
    parts = [x for x in call.inputs if x is not None]
    value, size = parts[0].value, parts[0].size
    for x in parts[1:]:
        value, size = np.minimum(value, x.value), np.maximum(size, x.size)
    return Exact(value, size, call.depth)


@exactly("Div")
def _div(call: Call) -> Exact:
    a, b = call.input(0), call.input(1)
    if a.value.dtype.kind != "f":  # the fraction is dropped
        rest = np.fmod(a.value, b.value)
        return Exact.of((a.value - rest) // b.value)
    value = a.value / b.value
    return Exact(value, (a.size + np.abs(value) * b.size) / np.abs(b.value), call.depth + 2)


@exactly("BatchNormalization")
def _batch_normalization(call: Call) -> Exact:
    column = (-1,) + (1,) * (call.x.value.ndim - 2)
    gamma, beta, mean, variance = (call.input(i).value.reshape(column) for i in range(1, 5))
    scale = gamma / np.sqrt(variance + call.attribute("epsilon"))
    value = (call.x.value - mean) * scale + beta
    size = (call.x.size + np.abs(mean)) * np.abs(scale) + np.abs(beta)
    return Exact(value, size, call.depth + 4)


@exactly("MatMul")
def _matmul(call: Call) -> Exact:
    a, b = call.input(0), call.input(1)
    return Exact(a.value @ b.value, a.size @ b.size, call.depth + a.value.shape[-1])


@exactly("Gemm")
def _gemm(call: Call) -> Exact:
    bias, a = call.optional(2), call.attribute

    def product(x: Array, y: Array, c: Array, alpha: float, beta: float) -> Array:
        x, y = (x.T if a("transA") else x), (y.T if a("transB") else y)
        return alpha * (x @ y) + beta * c

    x, y, c = call.input(0), call.input(1), bias or Exact.of(np.zeros(1))
    value = product(x.value, y.value, c.value, a("alpha"), a("beta"))
    size = product(x.size, y.size, c.size, abs(a("alpha")), abs(a("beta")))
    terms = x.value.shape[0 if a("transA") else 1]
    return Exact(value, size, call.depth + terms + 2)


_EXPONENTIAL = 6
"""Roundings of a function that is computed as a polynomial or with an exponential."""


@exactly("ReduceSum", "ReduceMax", "ReduceMin")
@exactly("ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare")
def _reduction(call: Call) -> Exact:
    value, size = _reduced(call, call.x.value), _reduced(call, call.x.size)
    if call.node.op == "ReduceMin":  # the size of any of them
        size = np.broadcast_to(call.x.size.max(), value.shape)
    terms = call.x.value.size // max(value.size, 1)
    factors = {"ReduceProd": terms, "ReduceL2": 2, "ReduceSumSquare": 2}.get(call.node.op, 1)
    return Exact(value, size, factors * call.depth + terms + 2)


def _reduced(call: Call, array: Array) -> Array:
    """Return what the node makes of other numbers."""
    axes = call.optional(1)
    return reference(call.node, [array, None if axes is None else axes.value][: len(call.inputs)])[
        0
    ]


@exactly("ReduceLogSum", "ReduceLogSumExp")
def _logarithm_of_sum(call: Call) -> Exact:
    x, sizes = call.x.value, call.x.size
    if call.node.op == "ReduceLogSum":
        value = _reduced(call, x)
        size = np.exp(_reduced(call, sizes)) / np.exp(value)
    else:
        largest = x.max(where=np.isfinite(x), initial=0.0)
        value = _reduced(call, x - largest) + largest
        # each exponential changes by its own error, as a part of their sum
        size = np.broadcast_to(sizes.max() + np.abs(x).max(), value.shape)
    terms = x.size // max(value.size, 1)
    return Exact(value, size + np.maximum(np.abs(value), 1), call.depth + terms + 2 * _EXPONENTIAL)


@exactly("CumSum")
def _running_sum(call: Call) -> Exact:
    axis = call.input(1).value
    value, size = (reference(call.node, [x, axis])[0] for x in (call.x.value, call.x.size))
    return Exact(value, size, call.depth + call.x.value.shape[int(axis.item())])
