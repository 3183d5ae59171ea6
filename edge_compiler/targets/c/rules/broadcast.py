"""Steps that compute a dense tensor element by element from dense ones that are broadcast."""

from __future__ import annotations

from collections.abc import Sequence

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.program.calls import Call, Field, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import DENSE, merge_axes, repeated
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.reorder import MAX_RANK, ranked

Operand = tuple[Value, tuple[int, ...]]
"""A value, and the elements from one to the next along each axis of the result; 0: repeated."""


def check_broadcast(node: Node) -> str | None:
    """Return a reason if a node's result has too many dimensions that can't be joined."""
    return too_many_axes(node, _operands(node))


def too_many_axes(node: Node, operands: Sequence[Operand]) -> str | None:
    """Return the same reason, given how operands are repeated."""
    rank = len(_joined(node, operands)[0])
    return (
        f"broadcasting over more than {MAX_RANK} dimensions: {rank}" if rank > MAX_RANK else None
    )


def add_elementwise(
    low: Lowering,
    node: Node,
    kernel: str,
    op: str = "0",
    operands: Sequence[Operand] | None = None,
) -> None:
    """
    Add the step that computes a node's result.

    :param kernel: takes the operands, and then the result.
    :param op: an enumerator of the kernel's.
    :param operands: where they aren't the inputs, repeated as ONNX broadcasts them.
    """
    operands = operands or _operands(node)
    sources = [Data.of(low, value) for value, _ in operands]
    target = low.target(node.output, DENSE)
    shape, steps = _joined(node, operands)
    fields: dict[str, Field] = {"shape": ranked(shape, 1)}
    fields |= {name: ranked(numbers, 0) for name, numbers in zip("abc", steps, strict=False)}
    fields["op"] = op

    def call(_: object) -> Call:
        pointers = [data.pointer() for data in sources]
        return Call(kernel, "elements", fields, (*pointers, writing(target)))

    reads = [buffer for data in sources for buffer in data.reads]
    low.add(node, node.op, reads, target, call, value=node.output)


def _operands(node: Node) -> list[Operand]:
    values = (value for value in node.inputs if value is not None)
    return [(value, repeated(value.shape, node.output.shape)) for value in values]


def _joined(
    node: Node, operands: Sequence[Operand]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Return the shape of the result and each operand's steps, with as few axes as can be."""
    return merge_axes(node.output.shape, *(steps for _, steps in operands))
