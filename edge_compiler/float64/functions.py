"""Functions of one number, and those that normalise."""

from __future__ import annotations

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import Call, exactly

_FUNCTION = 6
"""Roundings of a function that is computed as a polynomial or with an exponential."""


@exactly("Relu")
def _relu(call: Call) -> Exact:
    return Exact(np.maximum(call.x.value, 0), call.x.size, call.depth)


@exactly("Clip")
def _clip(call: Call) -> Exact:
    value = call.x.value
    low, high = call.optional(1), call.optional(2)
    if low is not None:
        value = np.maximum(value, low.value)
    if high is not None:
        value = np.minimum(value, high.value)
    return Exact(value, call.x.size, call.depth)


@exactly("LeakyRelu", "PRelu")
def _leaky_relu(call: Call) -> Exact:
    given = call.node.op == "PRelu"
    slope = call.input(1).value if given else np.float64(call.attribute("alpha"))
    factor = np.where(call.x.value < 0, slope, 1.0)
    return Exact(call.x.value * factor, call.x.size * np.abs(factor), call.depth + 1)


@exactly("Sigmoid")
def _sigmoid(call: Call) -> Exact:
    value = 1 / (1 + np.exp(-call.x.value))
    return _bounded(call, value, value * (1 - value))


@exactly("Tanh")
def _tanh(call: Call) -> Exact:
    value = np.tanh(call.x.value)
    return _bounded(call, value, 1 - value**2)


def _bounded(call: Call, value: Array, derivative: Array) -> Exact:
    """Return a function whose range is about one."""
    own = np.ones_like(value) if call.coarse else np.abs(value)
    return Exact(value, derivative * call.x.size + own, call.depth + _FUNCTION)


@exactly("HardSigmoid")
def _hard_sigmoid(call: Call) -> Exact:
    return _gate(call, call.attribute("alpha"), call.attribute("beta"))


@exactly("HardSwish")
def _hard_swish(call: Call) -> Exact:
    gate = _gate(call, 1 / 6, 0.5)
    return Exact(call.x.value * gate.value, call.x.size * gate.size, gate.depth + 1)


def _gate(call: Call, slope: float, offset: float) -> Exact:
    value = np.clip(slope * call.x.value + offset, 0, 1)
    return Exact(value, abs(slope) * call.x.size + abs(offset), call.depth + 2)


@exactly("Softmax")
def _softmax(call: Call) -> Exact:
    axis, x = call.attribute("axis"), call.x
    powers = np.exp(x.value - x.value.max(axis, keepdims=True))
    value = powers / powers.sum(axis, keepdims=True)
    # of x less the maximum, of the others through their sum, and of the result itself
    largest = np.abs(x.value).max(axis, keepdims=True, where=np.isfinite(x.value), initial=0)
    size = value * (x.size + 2 * largest + (value * x.size).sum(axis, keepdims=True) + 1)
    return Exact(value, size, call.depth + _FUNCTION + x.value.shape[axis])


@exactly("LRN")
def _lrn(call: Call) -> Exact:
    n, alpha, beta, bias = map(call.attribute, ("size", "alpha", "beta", "bias"))
    before, x = (n - 1) // 2, call.x

    def over_channels(squares: Array) -> Array:
        edges = [(0, 0), (before, n - 1 - before), *[(0, 0)] * (squares.ndim - 2)]
        padded = np.pad(squares, edges)
        total = sum(padded[:, i : i + squares.shape[1]] for i in range(n))
        return np.asarray(alpha / n * total)

    base = bias + over_channels(x.value**2)
    value = x.value / base**beta
    own = np.abs(value) * beta * (over_channels(2 * np.abs(x.value) * x.size) + base) / base
    size = x.size / base**beta + own + np.abs(value)
    return Exact(value, size, call.depth + _FUNCTION + n)
