"""Functions of one number in integers: tables of 256."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Activation, Node, Value
from edge_compiler.ir.quantised import all_numbers, Array, quantise
from edge_compiler.ops.activations import activation_of, FUNCTIONS
from edge_compiler.passes.integers.operands import NotInIntegersError
from edge_compiler.passes.integers.place import Place
from edge_perception.runtime.dtypes import ELEMENT_TYPES

_UINT8 = ELEMENT_TYPES["uint8"]


def look_up(place: Place) -> list[Node]:
    """Look a function of one number up in a table."""
    x, activation = place.source(0), activation_of(place.node)
    assert activation is not None
    numbers = _apply(activation, all_numbers(x).astype(np.float64))
    if not np.all(np.isfinite(numbers)):
        raise NotInIntegersError(f"{activation} is not finite for every number of its input")
    table = quantise(numbers, place.result).view(np.uint8)
    constant = Value(f"{place.result.name}/table", (256,), _UINT8, table)
    return [place.made("Lookup", [x, constant])]


def _apply(activation: Activation, x: Array) -> Array:
    """Return a function's values."""
    if activation.op == "Clip":
        return np.asarray(np.clip(x, *activation.pair))
    if activation.op == "SiLU":
        return np.asarray(x / (1 + np.exp(-x)))
    terms = FUNCTIONS[activation.op].float64
    assert terms is not None
    with np.errstate(all="ignore"):
        return np.asarray(terms(x, *activation.parameters).value)
