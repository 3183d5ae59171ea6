"""The network as TensorRT is given it: an ONNX file in which every type is stated."""

from __future__ import annotations

import onnx

from edge_compiler.export import export
from edge_compiler.ir.graph import Graph, OPSET
from edge_compiler.passes.constants import fold_constants
from edge_compiler.passes.dead_code import drop_dead_code
from edge_compiler.targets.tensorrt.half import in_halves
from edge_compiler.targets.tensorrt.symmetric import make_symmetric

IR_VERSION = 10
"""Of the file: TensorRT 10.0 reads it."""
OLDEST_OPSET = 17
QUANTISING = ("DequantizeLinear", "QuantizeLinear")
_GIVEN = {"Cast": ("to",), **dict.fromkeys(QUANTISING, ("axis",))}
"""Attributes of operators whose others came later, and say nothing here (`support.py`)."""


def prepare(graph: Graph) -> None:
    """Compute what is known, drop what nothing depends on, and quantise as TensorRT does."""
    fold_constants.run(graph)
    drop_dead_code.run(graph)
    make_symmetric(graph)


def precision_of(graph: Graph) -> str:
    """Return what a prepared network is to compute in: its numbers say so."""
    if any(node.op in QUANTISING for node in graph.nodes):
        return "int8"
    return "float16" if in_halves(graph) else "float32"


def network(graph: Graph) -> onnx.ModelProto:
    """Return the model of a prepared graph, with the oldest opset in which it means the same."""
    model = export(graph)
    for node in model.graph.node:
        if node.op_type in _GIVEN:
            given = [a for a in node.attribute if a.name in _GIVEN[node.op_type]]
            del node.attribute[:]
            node.attribute.extend(given)
    operators = {node.op_type for node in model.graph.node}
    model.opset_import[0].version = next(
        opset
        for opset in range(OLDEST_OPSET, OPSET + 1)
        if all(_form(op, opset) == _form(op, OPSET) for op in operators)
    )
    model.ir_version = IR_VERSION
    return model


def _form(operator: str, opset: int) -> tuple[list[str], dict[str, bytes]] | None:
    """
    Return inputs, and attributes with defaults: where they are alike, only types were added.

    :returns: None if the opset has no such operator.
    """
    try:
        schema = onnx.defs.get_schema(operator, opset, "")
    except onnx.defs.SchemaError:
        return None
    attributes = {
        name: attribute.default_value.SerializeToString()
        for name, attribute in schema.attributes.items()
        if name in _GIVEN.get(operator, (name,))
    }
    return [parameter.name for parameter in schema.inputs], attributes
