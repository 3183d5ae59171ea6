"""What a function of one number is: its name everywhere, and its terms in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node

Array = np.ndarray[Any, Any]
_LARGEST = float(np.finfo(np.float32).max)  # ONNX's bounds, where none is given: infinity is cut
_APPLIED = "Activation function; applied inside the node before it where possible."


@dataclass(frozen=True)
class Terms:
    """
    What a function yields in float64, and what its errors in float32 depend on.

    :ivar slope: bounds the absolute value of the derivative.
    :ivar own: size of the terms that a careful implementation adds up.
    :ivar careless: the same of one that adds and subtracts as the formula says.
    :ivar roundings: that a term may meet one after the other.
    """

    value: Array
    slope: Array | float
    own: Array | float
    careless: Array | float
    roundings: int


@dataclass(frozen=True)
class Function:
    """
    A function of one number.

    :ivar name: as in ``Activation.op``.
    :ivar enumerator: in activation.h.
    :ivar float64: returns its terms for x and its parameters; None: ``float64/`` has its own rule.
    :ivar op: the operator that it is, if its name is another.
    :ivar attributes: of that operator: its parameters.
    :ivar form: attributes that tell it apart from other functions of that operator.
    :ivar bounds: its parameters are the operator's second and third input.
    :ivar positive: its results are never negative, whatever x is.
    :ivar finite: they are finite wherever x is. Else it must not see lanes that hold no element:
        what becomes infinite there is NaN where a layer multiplies it by a weight of zero.
    :ivar steps: of ONNX that are the same, if it is no operator of ONNX: each an operator with
        the positions of what it reads: 0 is x, 1 the result of the first step.
    """

    name: str
    enumerator: str
    float64: Callable[..., Terms] | None = None
    op: str = ""
    attributes: tuple[str, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    bounds: bool = False
    positive: bool = False
    finite: bool = True
    steps: tuple[tuple[str, tuple[int, ...]], ...] = ()
    summary: str = _APPLIED

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", self.op or self.name)

    def parameters_of(self, node: Node) -> tuple[float, ...] | None:
        """Return the parameters of a node of this function; None if they are computed."""
        if self.bounds:
            low, high = _bound(node, 1, -_LARGEST), _bound(node, 2, _LARGEST)
            return None if low is None or high is None else (low, high)
        return tuple(node.attributes[name] for name in self.attributes)


def _bound(node: Node, index: int, default: float) -> float | None:
    """Return a bound of Clip; None if it is computed."""
    if index >= len(node.inputs) or node.inputs[index] is None:
        return default
    data = node.constant(index)
    return None if data is None else float(data.item())
