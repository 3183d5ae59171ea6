"""
Write out the nodes that stand for others, so that only plain operators are left.

These are control flow (loops must be of a known length), sequences of tensors, operators that the
compiler writes as others (`rewrite.py`), and those that ONNX defines by others, unless they are
known themselves.
"""

from __future__ import annotations

from typing import Any

import onnx

from edge_compiler.frontend.control_flow import CONTROL_FLOW
from edge_compiler.frontend.functions import call, function_of
from edge_compiler.frontend.inner_graphs import Nodes
from edge_compiler.frontend.rewrite import rewrite, REWRITES
from edge_compiler.frontend.scope import Scope
from edge_compiler.frontend.sequences import SEQUENCES
from edge_compiler.ir.graph import OPSET
from edge_compiler.ops import OPERATORS


def expand(node: onnx.NodeProto, scope: Scope) -> Nodes | None:
    """
    Return the nodes that a node stands for; None if it stands for itself.

    Each must be built before the next one is asked for: a Loop ends where its condition says.

    :raises CompileError: if control flow depends on what is known only while the model runs.
    """
    if node.op_type in CONTROL_FLOW and not node.domain:
        return CONTROL_FLOW[node.op_type](node, scope)
    if node.op_type in SEQUENCES and not node.domain:
        return SEQUENCES[node.op_type](node, scope)
    rewritten = rewrite(node, scope)
    if rewritten is not None:
        return iter(rewritten)
    if node.op_type in OPERATORS or not onnx.defs.has(node.op_type, OPSET, ""):
        return None
    function = function_of(node, scope)
    return None if function is None else call(node, function)


def expandable() -> list[str]:
    """Return the operators that are written as others, which must be supported in turn."""
    schemas: list[Any] = [s for s in onnx.defs.get_all_schemas() if not s.domain]
    functions = {
        schema.name
        for schema in schemas
        if schema.has_function or schema.has_context_dependent_function
    }
    return sorted(
        {
            *REWRITES,
            *CONTROL_FLOW,
            *(SEQUENCES.keys() - {"Identity"}),
            *(functions - OPERATORS.keys()),
        }
    )
