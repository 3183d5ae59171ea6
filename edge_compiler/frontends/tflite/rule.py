"""What the rules share that write an operator as nodes of ONNX."""

from __future__ import annotations

from collections.abc import Callable

from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operator import Operator, Tensor

Rule = Callable[[Graph, Operator], None]
"""Adds the nodes of an operator; raises ValueError if it is damaged or not supported."""


def require_rank(rank: int, *tensors: Tensor) -> None:
    """
    Check how many axes tensors have.

    :raises ValueError: naming one that has another number.
    """
    for tensor in tensors:
        if tensor.rank != rank:
            raise ValueError(f"the tensor '{tensor.name}' has {tensor.rank} axes, not {rank}")


def axis_of(number: int, rank: int) -> int:
    """
    Return an axis that may be counted from the end.

    :raises ValueError: if there is none.
    """
    if not -rank <= number < rank:
        raise ValueError(f"there is no axis {number} of {rank}")
    return number % rank
