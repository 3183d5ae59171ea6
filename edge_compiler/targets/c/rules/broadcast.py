"""Steps that compute a dense tensor element by element from dense ones that are broadcast."""

from __future__ import annotations

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.rules.shape import MAX_RANK, repeating, source_of
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Call, Field, Pointer, reading, writing


def check_broadcast(node: Node) -> str | None:
    """Return a reason if a node's result has too many dimensions that can't be joined."""
    rank = len(_joined(node)[0])
    return (
        f"broadcasting over more than {MAX_RANK} dimensions: {rank}" if rank > MAX_RANK else None
    )


def add_elementwise(low: Lowering, node: Node, kernel: str, op: str = "0") -> None:
    """
    Add the step that computes a node's result.

    :param kernel: takes the operands, and then the result.
    :param op: an enumerator of the kernel's.
    """
    sources = [source_of(low, value) for value in _operands(node)]
    target = low.target(node.output, DENSE)
    shape, strides = _joined(node)
    fields: dict[str, Field] = {"shape": _padded(shape, 1)}
    fields |= {name: _padded(steps, 0) for name, steps in zip("abc", strides, strict=False)}
    fields["op"] = op

    def call(_: object) -> Call:
        pointers = [x if isinstance(x, Pointer) else reading(x) for x in sources]
        return Call(kernel, "elements", fields, (*pointers, writing(target)))

    reads = [source for source in sources if isinstance(source, Buffer)]
    low.add(node, node.op, reads, target, call, value=node.output)


def _operands(node: Node) -> list[Value]:
    return [value for value in node.inputs if value is not None]


def _joined(node: Node) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """
    Return the shape of the result and the strides of each operand, in as few dimensions as can be.

    Two neighbouring dimensions are one if no operand leaves out or repeats something between them.
    """
    shape = node.output.shape
    strides = [repeating(value.shape, len(shape)) for value in _operands(node)]
    joined: list[tuple[int, ...]] = []  # of each dimension: its size, and the operands' strides
    for size, *steps in zip(shape, *strides, strict=True):
        if size == 1:
            continue
        before = joined[-1] if joined else ()
        if before and all(a == b * size for a, b in zip(before[1:], steps, strict=True)):
            joined[-1] = (before[0] * size, *steps)
        else:
            joined.append((size, *steps))
    sizes, *columns = zip(*joined, strict=True) if joined else ((), *((),) * len(strides))
    return sizes, columns


def _padded(numbers: tuple[int, ...], fill: int) -> tuple[int, ...]:
    return (fill,) * (MAX_RANK - len(numbers)) + numbers
