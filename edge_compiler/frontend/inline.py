"""Write out the functions that a model defines and calls."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
from onnx import inliner

from edge_compiler.errors import CompileError, first_line
from edge_compiler.frontend.contrib import CONTRIB, IN_ONNX_DOMAIN

ONNX_DOMAIN, ITS_OTHER_NAME = "", "ai.onnx"


def inline(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """
    Return the model without functions.

    :raises CompileError: if a function can't be written out.
    """
    name_domain(model)
    if model.functions:
        try:
            model = inliner.inline_local_functions(model, convert_version=True)
        except Exception as error:  # of C++, of several kinds
            raise CompileError(
                f"{path}: its functions cannot be written out ({first_line(error)}): "
                "export it without functions"
            ) from error
    return model


def name_domain(model: onnx.ModelProto) -> None:
    """Call ONNX's own domain by one of its two names."""
    for imports in (model.opset_import, *(f.opset_import for f in model.functions)):
        for entry in imports:
            entry.domain = _domain(entry.domain)
    for nodes in (model.graph.node, *(function.node for function in model.functions)):
        _name_domain_of(nodes)


def _name_domain_of(nodes: Iterable[onnx.NodeProto]) -> None:
    for node in nodes:
        node.domain = CONTRIB if node.op_type in IN_ONNX_DOMAIN else _domain(node.domain)
        for attribute in node.attribute:
            _name_domain_of(attribute.g.node)


def _domain(name: str) -> str:
    return ONNX_DOMAIN if name == ITS_OTHER_NAME else name
