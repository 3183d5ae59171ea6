"""Operators that ONNX defines by others: their bodies, with the attributes of the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
from onnx import helper

from edge_compiler.frontend.inner_graphs import make_node, Nodes, renamed_nodes
from edge_compiler.frontend.precision import nodes_to_float32
from edge_compiler.frontend.scope import Scope
from edge_compiler.ir.graph import OPSET


def function_of(node: onnx.NodeProto, scope: Scope) -> onnx.FunctionProto | None:
    """Return how ONNX defines an operator by others, if it does."""
    schema: Any = onnx.defs.get_schema(node.op_type, OPSET, "")
    versions = schema.context_dependent_function_opset_versions
    if versions:
        types = [_type_of(name, scope) if name else b"" for name in node.input]
        content = schema.get_context_dependent_function_with_opset_version(
            max(v for v in versions if v <= OPSET), node.SerializeToString(), types
        )
    elif schema.function_opset_versions:
        newest = max(v for v in schema.function_opset_versions if v <= OPSET)
        content = schema.get_function_with_opset_version(newest)
    else:
        return None
    function = onnx.FunctionProto()
    function.ParseFromString(content)
    return function


def _type_of(name: str, scope: Scope) -> bytes:
    elements = scope.sequences.get(name)
    value = scope.values[elements[0] if elements else name]
    type_ = helper.make_tensor_type_proto(value.type.number, value.shape)
    if elements:
        type_ = helper.make_sequence_type_proto(type_)
    return bytes(type_.SerializeToString())


def call(node: onnx.NodeProto, function: onnx.FunctionProto) -> Nodes:
    """Yield the nodes of a function in place of the node that stands for it."""
    schema = onnx.defs.get_schema(node.op_type, OPSET, "")
    given = {name: entry.default_value for name, entry in schema.attributes.items()}
    given = {name: default for name, default in given.items() if default.name}
    given |= {attribute.name: attribute for attribute in node.attribute}
    body = [_with_attributes(inner, given) for inner in function.node]
    nodes_to_float32(body)
    names = dict.fromkeys(function.input, "") | dict(zip(function.input, node.input, strict=False))
    results = dict(zip(function.output, node.output, strict=False))
    yield from renamed_nodes(body, names, node.name)
    for inner, outer in results.items():
        if outer:
            yield make_node("Identity", [names[inner]], outer)


def _with_attributes(
    node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]
) -> onnx.NodeProto:
    """Return a node of a function with the attributes that the caller gives."""
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    del plain.attribute[:]
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            plain.attribute.append(attribute)
            for inner in attribute.g.node:
                inner.CopyFrom(_with_attributes(inner, given))
        elif attribute.ref_attr_name in given:
            plain.attribute.append(given[attribute.ref_attr_name])
            plain.attribute[-1].name = attribute.name
    return plain
