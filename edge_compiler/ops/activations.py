"""
The functions of one number: the only table of them.

To add one: an entry here, its enumerator and its code in ``targets/c/kernels/activation.h``, its
case in ``test/compiler/operator_functions.py``.
"""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

from edge_compiler.ir.graph import Activation, Node
from edge_compiler.ops.function import Array, Function, Terms
from edge_compiler.ops.table import define

_FUNCTION = 6
"""Roundings of a function that is computed as a polynomial or with an exponential."""
_NEAREST = 1e-30
"""Distance to a pole or a jump at which slopes stop to grow: they stay finite."""


def _smooth(value: Array, slope: Array | float, careless: Array | float | None = None) -> Terms:
    own = np.abs(value)
    return Terms(value, slope, own, own if careless is None else careless, _FUNCTION)


def _relu(x: Array) -> Terms:
    return Terms(np.maximum(x, 0), 1.0, 0.0, 0.0, 0)


def _leaky_relu(x: Array, alpha: float) -> Terms:
    slope = np.where(x < 0, alpha, 1.0)
    return Terms(x * slope, np.abs(slope), 0.0, 0.0, 1)


def _neg(x: Array) -> Terms:
    return Terms(-x, 1.0, 0.0, 0.0, 0)


def _abs(x: Array) -> Terms:
    return Terms(np.abs(x), 1.0, 0.0, 0.0, 0)


def _sigmoid(x: Array) -> Terms:
    value = 1 / (1 + np.exp(-x))
    return _smooth(value, value * (1 - value), 1.0)


def _tanh(x: Array) -> Terms:
    value = np.tanh(x)
    return _smooth(value, 1 - value**2, 1.0)


def _hard_sigmoid(x: Array, alpha: float, beta: float) -> Terms:
    value, size = np.clip(alpha * x + beta, 0, 1), abs(alpha) * np.abs(x) + abs(beta)
    return Terms(value, abs(alpha), size, size, 2)


def _hard_swish(x: Array) -> Terms:
    size = np.abs(x) * (np.abs(x) / 6 + 0.5)
    return Terms(x * np.clip(x / 6 + 0.5, 0, 1), 1.5, size, size, 3)


def _elu(x: Array, alpha: float) -> Terms:
    negative = alpha * np.expm1(np.minimum(x, 0))
    slope = np.where(x < 0, abs(alpha) * np.exp(np.minimum(x, 0)), 1.0)
    careless = np.where(x < 0, abs(alpha), np.abs(x))
    return _smooth(np.where(x < 0, negative, x), np.maximum(slope, min(abs(alpha), 1)), careless)


def _erf(x: Array) -> Terms:
    value: Array = np.vectorize(math.erf, otypes=[float])(x)
    return _smooth(value, 2 / math.sqrt(math.pi) * np.exp(-(x**2)), 1.0)


def _gelu(x: Array) -> Terms:
    value = x * np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2
    own = np.abs(value) * (1 + np.minimum(x, 0) ** 2 / 2)  # an exponent's rounding grows with it
    return Terms(value, 1.13, own, np.abs(x), _FUNCTION)


def _gelu_tanh(x: Array) -> Terms:
    y = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    value = x / (1 + np.exp(-2 * y))
    own = np.abs(value) * (1 + 2 * np.maximum(-y, 0))
    return Terms(value, 1.13, own, np.abs(x), _FUNCTION)


def _sqrt(x: Array) -> Terms:
    value = np.sqrt(x)
    return Terms(value, 0.5 / np.maximum(value, _NEAREST), value, value, 1)


def _reciprocal(x: Array) -> Terms:
    value = 1 / x
    return Terms(value, 1 / np.maximum(x**2, _NEAREST), np.abs(value), np.abs(value), 2)


def _exp(x: Array) -> Terms:
    value = np.exp(x)
    return _smooth(value, value)


def _log(x: Array) -> Terms:
    value = np.log(x)
    return _smooth(value, 1 / np.maximum(np.abs(x), _NEAREST), np.maximum(np.abs(value), 1))


def _softplus(x: Array) -> Terms:
    value = np.logaddexp(0, x)
    return _smooth(value, np.exp(x - value), np.maximum(value, 1))


def _softsign(x: Array) -> Terms:
    value = x / (1 + np.abs(x))
    return Terms(value, 1 / (1 + np.abs(x)) ** 2, np.abs(value), np.abs(value), 2)


def _selu(x: Array, alpha: float, gamma: float) -> Terms:
    inner, scale = _elu(x, alpha), abs(gamma)
    return Terms(
        gamma * inner.value,
        scale * inner.slope,
        scale * inner.own,
        scale * inner.careless,
        inner.roundings + 1,
    )


def _jumping(value: Array, distance: Array, height: float = 1.0, slope: float = 0.0) -> Terms:
    """
    Return the terms of a function that jumps.

    An error of x that reaches the jump is magnified to the jump's height at least.
    """
    return Terms(value, slope + abs(height) / np.maximum(np.abs(distance), _NEAREST), 0.0, 0.0, 1)


def _floor(x: Array) -> Terms:
    return _jumping(np.floor(x), x - np.rint(x))


def _ceil(x: Array) -> Terms:
    return _jumping(np.ceil(x), x - np.rint(x))


def _round(x: Array) -> Terms:
    return _jumping(np.rint(x), x - np.floor(x) - 0.5)


def _sign(x: Array) -> Terms:
    return _jumping(np.sign(x), x, height=2.0)


def _thresholded_relu(x: Array, alpha: float) -> Terms:
    return _jumping(np.where(x > alpha, x, 0.0), x - alpha, height=alpha, slope=1.0)


def _library(
    function: Callable[[Array], Array], slope: Callable[[Array], Array | float]
) -> Callable[[Array], Terms]:
    """Return the terms of a function of the C library, given its derivative."""

    def terms(x: Array) -> Terms:
        value = function(x)
        bound = np.minimum(np.abs(slope(x)), 1 / _NEAREST)
        return _smooth(value, bound, np.maximum(np.abs(value), 1))

    return terms


def _of_library(op: str, terms: Callable[[Array], Terms], finite: bool) -> Function:
    return Function(
        op, f"ACT_{op.upper()}", terms, finite=finite, summary=f"{op} of each element."
    )


_LIBRARY = (
    _of_library("Sin", _library(np.sin, np.cos), True),
    _of_library("Cos", _library(np.cos, np.sin), True),
    _of_library("Tan", _library(np.tan, lambda x: 1 + np.tan(x) ** 2), False),
    _of_library("Asin", _library(np.arcsin, lambda x: (1 - x**2) ** -0.5), False),
    _of_library("Acos", _library(np.arccos, lambda x: (1 - x**2) ** -0.5), False),
    _of_library("Atan", _library(np.arctan, lambda x: 1 / (1 + x**2)), True),
    _of_library("Sinh", _library(np.sinh, np.cosh), False),
    _of_library("Cosh", _library(np.cosh, np.sinh), False),
    _of_library("Asinh", _library(np.arcsinh, lambda x: (1 + x**2) ** -0.5), True),
    _of_library("Acosh", _library(np.arccosh, lambda x: (x**2 - 1) ** -0.5), False),
    _of_library("Atanh", _library(np.arctanh, lambda x: 1 / (1 - x**2)), False),
)

ACTIVATIONS = (
    Function("Relu", "ACT_RELU", _relu, positive=True),
    Function("Clip", "ACT_CLIP", bounds=True, summary="Limit to bounds (ReLU6)."),
    Function("LeakyRelu", "ACT_LEAKY_RELU", _leaky_relu, attributes=("alpha",)),
    Function("Sigmoid", "ACT_SIGMOID", _sigmoid, positive=True),
    Function(
        "SiLU",
        "ACT_SILU",
        steps=(("Sigmoid", (0,)), ("Mul", (0, 1))),
        summary="Activation x * Sigmoid(x); internal, made from these two.",
    ),
    Function("Tanh", "ACT_TANH", _tanh),
    Function("Neg", "ACT_NEG", _neg, summary="The negative of each element."),
    Function("Abs", "ACT_ABS", _abs, positive=True, summary="The absolute value of each element."),
    Function(
        "HardSigmoid",
        "ACT_HARD_SIGMOID",
        _hard_sigmoid,
        attributes=("alpha", "beta"),
        positive=True,
    ),
    Function("HardSwish", "ACT_HARD_SWISH", _hard_swish),
    Function("Elu", "ACT_ELU", _elu, attributes=("alpha",)),
    Function("Erf", "ACT_ERF", _erf),
    Function("Gelu", "ACT_GELU", _gelu, form={"approximate": "none"}),
    Function("GeluTanh", "ACT_GELU_TANH", _gelu_tanh, op="Gelu", form={"approximate": "tanh"}),
    Function("Selu", "ACT_SELU", _selu, attributes=("alpha", "gamma")),
    Function("Softplus", "ACT_SOFTPLUS", _softplus, positive=True),
    Function("Softsign", "ACT_SOFTSIGN", _softsign),
    Function("ThresholdedRelu", "ACT_THRESHOLDED_RELU", _thresholded_relu, attributes=("alpha",)),
    Function("Floor", "ACT_FLOOR", _floor, summary="Round each element down."),
    Function("Ceil", "ACT_CEIL", _ceil, summary="Round each element up."),
    Function(
        "Round",
        "ACT_ROUND",
        _round,
        summary="Round each element to the nearest integer, halves to the even one.",
    ),
    Function("Sign", "ACT_SIGN", _sign, summary="The sign of each element: 1, 0 or -1."),
    Function("Sqrt", "ACT_SQRT", _sqrt, finite=False, summary="The root of each element."),
    Function(
        "Reciprocal", "ACT_RECIPROCAL", _reciprocal, finite=False, summary="One by each element."
    ),
    Function("Exp", "ACT_EXP", _exp, finite=False, summary="e to the power of each element."),
    Function("Log", "ACT_LOG", _log, finite=False, summary="The logarithm of each element."),
    *_LIBRARY,
)
FUNCTIONS = {function.name: function for function in ACTIVATIONS}
OPERATORS = tuple(dict.fromkeys(function.op for function in ACTIVATIONS))
"""The operators that are functions of one number."""

for _each in ACTIVATIONS:
    define(_each.op, summary=_each.summary)


def function_of(node: Node) -> Function | None:
    """Return the function that the operator of a node is; None if it is something else."""
    return next(
        (
            function
            for function in ACTIVATIONS
            if node.op == function.op and function.form.items() <= node.attributes.items()
        ),
        None,
    )


def activation_of(node: Node) -> Activation | None:
    """Return the function of one number that a node is; None if it is something else."""
    function = function_of(node) if node.op in OPERATORS else None
    parameters = None if function is None else function.parameters_of(node)
    if function is None or parameters is None:
        return None
    return Activation(function.name, parameters)
