"""Bring a model to the opset that the IR speaks."""

from __future__ import annotations

import onnx
from onnx import helper, shape_inference, version_converter

from edge_compiler.errors import CompileError, first_line
from edge_compiler.frontend.tidy import reads_of
from edge_compiler.frontend.validate import name_nodes, opset

_SCAN_WITHOUT_BATCH = 9
_STATED_TRAINING = 14
"""From this opset on an attribute says that a BatchNormalization takes the batch's own mean."""
_BATCH_RESULTS = 3
"""Outputs of such a node: the result, and the mean and variance for the next batch."""


def to_opset(model: onnx.ModelProto, version: int) -> onnx.ModelProto:
    """
    Return the model in the given opset.

    :raises CompileError: if a node can't be expressed there.
    """
    original = opset(model)
    if original == version:
        return model
    _refuse_batched_scan(model.graph, original)
    trained = set[str]()
    if original < _STATED_TRAINING <= version:
        trained = _shorten_trained(model.graph)
    try:
        converted = version_converter.convert_version(model, version)
    except Exception as error:  # the C++ converter throws several kinds, RuntimeError among them
        reason = first_line(error).rpartition(" failed: ")[2]  # without the assertion's location
        raise CompileError(
            f"{_culprit(model, version)} cannot be converted from ONNX opset {original} "
            f"to {version} ({reason}): export the model with opset {version}"
        ) from error
    if original < 11:
        _restore_resize(converted.graph)
    for node in converted.graph.node:
        if node.output[0] in trained:
            node.attribute.append(helper.make_attribute("training_mode", 1))
    _restore_names(model.graph, converted.graph)
    return converted


def _refuse_batched_scan(graph: onnx.GraphProto, original: int) -> None:
    """Refuse what the converter makes a network with inputs of other shapes of."""
    scan = next((node for node in graph.node if node.op_type == "Scan"), None)
    if scan is not None and original < _SCAN_WITHOUT_BATCH:
        raise CompileError(
            f"node '{scan.name}' (Scan) is of ONNX opset {original}, where it has a batch: "
            f"export the model with opset {_SCAN_WITHOUT_BATCH} or later"
        )


def _shorten_trained(graph: onnx.GraphProto) -> set[str]:
    """
    Leave BatchNormalization the outputs that it has today, unless others are read.

    :returns: the results of those that take the batch's own mean, which their outputs alone say.
    """
    read = {name for node in graph.node for name in reads_of(node)}
    read |= {value.name for value in graph.output}
    trained = set[str]()
    for node in graph.node:
        if node.op_type == "BatchNormalization" and any(node.output[1:]):
            if read.isdisjoint(node.output[_BATCH_RESULTS:]):
                del node.output[_BATCH_RESULTS:]
            trained.add(node.output[0])
    return trained


def _restore_names(original: onnx.GraphProto, converted: onnx.GraphProto) -> None:
    """Give nodes the name of the one that computed their first output: the converter loses it."""
    names = {node.output[0]: node.name for node in original.node}
    for node in converted.node:
        node.name = names.get(node.output[0], "")
    name_nodes(converted)


def _restore_resize(graph: onnx.GraphProto) -> None:
    """Write down how Resize samples: the converter forgets it, as opset 10 had only one way."""
    for node in graph.node:
        if node.op_type == "Resize":
            node.attribute.append(
                helper.make_attribute("coordinate_transformation_mode", "asymmetric")
            )
            node.attribute.append(helper.make_attribute("nearest_mode", "floor"))


def _culprit(model: onnx.ModelProto, version: int) -> str:
    """Find the node that the converter stumbles over, by converting each one alone."""
    try:
        graph = shape_inference.infer_shapes(model).graph
    except Exception:  # what is wrong then keeps the converter from working as well
        return "the model"
    known = {v.name: v for v in (*graph.input, *graph.value_info, *graph.output)}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        alone = helper.make_graph(
            [node],
            "node",
            [known[name] for name in node.input if name in known and name not in constants],
            [known.get(name, helper.make_empty_tensor_value_info(name)) for name in node.output],
            [constants[name] for name in node.input if name in constants],
        )
        try:
            version_converter.convert_version(
                helper.make_model(
                    alone, opset_imports=model.opset_import, ir_version=model.ir_version
                ),
                version,
            )
        except Exception:
            return f"node '{node.name}' ({node.op_type})"
    return "the model"
