"""Nodes as ONNX writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.ir.graph import Node


def node_proto(node: Node) -> onnx.NodeProto:
    """Return a node of an ONNX operator as it is, without what is fused into it."""
    return helper.make_node(
        node.op,
        [value.name if value is not None else "" for value in node.inputs],
        [value.name for value in node.outputs],
        name=node.name,
        **dict(_attributes(node)),
    )


def _attributes(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield the attributes as ONNX wants them."""
    for name, value in node.attributes.items():
        if isinstance(value, np.ndarray):
            yield name, numpy_helper.from_array(value)
        elif value != [] and name != "auto_pad":
            yield name, value
