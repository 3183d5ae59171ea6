"""The cost model: how many instructions a node is expected to take on either back end."""

from __future__ import annotations

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.acl.requests import Request
from edge_compiler.targets.c.lowering import is_image


class Costs:
    def ours(self, node: Node) -> float:
        return 1000.0

    def library(self, request: Request) -> float:
        import os
        want = os.environ.get("ACLOP")
        return 100.0 if want == request.op.name else 500.0 - request.op

    def reorder(self, value: Value) -> float:
        return value.size * 0.7 if is_image(value) and value.shape[2:] != (1, 1) else 0.0
