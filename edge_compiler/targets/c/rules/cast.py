"""Cast: from one element type to another."""

from __future__ import annotations

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.broadcast import add_elementwise
from edge_compiler.targets.c.rules.table import lowers, NUMBERS
from edge_compiler.targets.program.limits import require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import BOOL


def check_cast(node: Node) -> str | None:
    """Change the element type; a float that its integer type has not keeps its low bits."""
    return require_type(node.output, (*NUMBERS, BOOL))


@lowers("Cast", check=check_cast, types=(*NUMBERS, BOOL))
def lower_cast(low: Lowering, node: Node) -> None:
    """Convert each element; what changes nothing is another name."""
    source, target = node.input(0).type, node.output.type
    if source == target:
        low.share(node.output, node.input(0))
        return
    to = "bool" if target == BOOL else c_type(target)
    add_elementwise(low, node, f"cast_{c_type(source)}_{to}")
