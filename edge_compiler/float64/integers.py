"""Operators that yield integers or bools, or read them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import Call, exactly, reference
from edge_perception.runtime.dtypes import BOOL, ElementType, INT64

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
    "Not": np.logical_not,
}


@exactly(*_FUNCTIONS)
def _function(call: Call) -> Exact:
    values = (x.value for x in call.inputs if x is not None)
    return Exact.of(_FUNCTIONS[call.node.op](*values))


@exactly("Where")
def _where(call: Call) -> Exact:
    condition, yes, no = call.x.value, call.input(1), call.input(2)
    value, size = (np.where(condition, getattr(yes, x), getattr(no, x)) for x in ("value", "size"))
    return Exact(value, size, call.depth)


@exactly("ArgMax", "ArgMin")
def _arg_extreme(call: Call) -> Exact:
    return Exact.of(reference(call.node, [call.x.value])[0])


@exactly("Cast")
def _cast(call: Call) -> Exact:
    x, type_ = call.x, call.node.output.type
    if type_.is_float and x.value.dtype.kind == "f":
        return x
    if type_.is_float:
        value = x.value.astype(np.float64)
        return Exact(value, np.abs(value), 1)
    return Exact.of(_as_integers(x.value, type_))


def _as_integers(value: Array, type_: ElementType) -> Array:
    """
    Return numbers as integers or bools.

    ONNX leaves open what becomes of a float that doesn't fit: ``kernels/cast.h`` says what we make
    of it.
    """
    if type_ == BOOL:
        return np.not_equal(value, 0)
    if value.dtype.kind == "f":
        end = 2.0 ** (63 if type_.bytes > 4 or type_.name == "uint32" else 31)
        value = np.where((value >= -end) & (value < end), np.trunc(value), -end).astype(
            INT64.numpy
        )
    return value.astype(type_.numpy)
