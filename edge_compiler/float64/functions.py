"""Functions of one number, and those that normalise."""

from __future__ import annotations

import math

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import Call, exactly
from edge_compiler.ops.activations import ACTIVATIONS, function_of

_FUNCTION = 6
"""Roundings of a function that is computed with exponentials or powers."""

_NEAREST = 1e-30
"""To zero, where the slopes of powers stop to grow."""


def _activation(call: Call) -> Exact:
    function = function_of(call.node)
    assert function is not None
    assert function.float64 is not None
    attributes, x = list(map(call.attribute, function.attributes)), call.x
    terms = function.float64(x.value, *attributes)
    own = terms.careless if call.coarse else terms.own
    slope = np.array(np.broadcast_to(terms.slope, x.value.shape))
    reach = np.asarray(x.worst())
    unsure = np.abs(x.value) <= reach
    for sign in (-1, 1):  # what errs across a kink at zero has met the slope beyond it, too
        beyond = function.float64(x.value[unsure] + sign * reach[unsure], *attributes).slope
        slope[unsure] = np.maximum(slope[unsure], beyond)
    return Exact(terms.value, slope * x.size + own, call.depth + terms.roundings)


exactly(*(function.op for function in ACTIVATIONS if function.float64))(_activation)


@exactly("Clip")
def _clip(call: Call) -> Exact:
    value, size = call.x.value, call.x.size
    for bound, choose in ((call.optional(1), np.maximum), (call.optional(2), np.minimum)):
        if bound is not None:
            value, size = choose(value, bound.value), np.maximum(size, bound.size)
    return Exact(value, size, call.depth)


@exactly("PRelu")
def _prelu(call: Call) -> Exact:
    x, slope = call.x, call.input(1)
    factor = np.where(x.value < 0, slope.value, 1.0)
    unsure = np.abs(x.value) <= x.worst()  # it may have met either slope
    steepest = np.where(unsure, np.maximum(np.abs(slope.value), 1.0), np.abs(factor))
    own = np.where(x.value < 0, np.abs(x.value) * slope.size, 0.0)
    return Exact(x.value * factor, x.size * steepest + own, call.depth + 1)


@exactly("Pow")
def _pow(call: Call) -> Exact:
    a, b = call.x, call.input(1)
    value, base = np.power(a.value, b.value), np.maximum(np.abs(a.value), _NEAREST)
    of_base = np.abs(b.value) * base ** (b.value - 1) * a.size
    of_exponent = np.abs(value) * np.abs(np.log(base)) * b.size
    return Exact(value, of_base + of_exponent + np.abs(value), call.depth + _FUNCTION)


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


@exactly("LayerNormalization")
def _layer_norm(call: Call) -> Exact:
    axes = range(call.attribute("axis") % call.x.value.ndim, call.x.value.ndim)
    return _scaled(_normal(call, tuple(axes)), call.input(1), call.optional(2))


@exactly("InstanceNormalization")
def _instance_norm(call: Call) -> Exact:
    sides = call.x.value.ndim - 2
    column = (-1, *[1] * sides)
    scale, shift = (
        Exact(x.value.reshape(column), x.size.reshape(column), x.depth)
        for x in (call.input(1), call.input(2))
    )
    return _scaled(_normal(call, tuple(range(2, 2 + sides))), scale, shift)


def _normal(call: Call, axes: tuple[int, ...]) -> Exact:
    """Return the first input less its mean over some axes, divided by the deviation."""
    x = call.x
    centred = x.value - x.value.mean(axes, keepdims=True)
    sizes = x.size + x.size.mean(axes, keepdims=True)
    variance = (centred**2).mean(axes, keepdims=True) + call.attribute("epsilon")
    normal, size = centred / np.sqrt(variance), sizes / np.sqrt(variance)
    # of the variance, through its root
    size = size + np.abs(normal) * (np.abs(centred) * sizes).mean(axes, keepdims=True) / variance
    terms = math.prod(x.value.shape[axis] for axis in axes)
    return Exact(normal, size, call.depth + _FUNCTION + 2 * terms)


def _scaled(x: Exact, scale: Exact, shift: Exact | None) -> Exact:
    size = x.size * np.abs(scale.value) + np.abs(x.value) * scale.size
    if shift is None:
        return Exact(x.value * scale.value, size, x.depth)
    return Exact(x.value * scale.value + shift.value, size + shift.size, x.depth)
