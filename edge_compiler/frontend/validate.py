"""Check that a model is valid ONNX made of operators that this compiler can know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import checker

from edge_compiler.errors import CompileError, first_line
from edge_compiler.frontend.contrib import CONTRIB, is_contrib
from edge_compiler.refusal import listed, Refusal

OLDEST_OPSET = 6


def validate(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """
    Return the model with its nodes named.

    :raises CompileError: if an operator is unknown or the model breaks ONNX's rules.
    """
    version = opset(model)
    newest = onnx.defs.onnx_opset_version()
    if not version:
        raise CompileError(
            f"{path} uses no operators of ONNX itself, only those of "
            + ", ".join(sorted({f"{n.domain}.{n.op_type}" for n in model.graph.node}))
            + ": that is no neural network that could be compiled"
        )
    if not OLDEST_OPSET <= version <= newest:
        raise CompileError(
            f"{path} uses ONNX opset {version}, but {OLDEST_OPSET} to {newest} are supported: "
            "export it with an opset in this range"
        )
    name_nodes(model.graph)
    if unknown := list(_unknown(model.graph, version)):
        raise CompileError(
            f"{path} has {len(unknown)} unsupported node(s), to be replaced when exporting: "
            + listed(unknown)
        )
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", version))
    model.opset_import.append(onnx.helper.make_opsetid(CONTRIB, 1))
    checked = onnx.ModelProto()
    checked.CopyFrom(model)
    for output in checked.graph.output:  # its shape is inferred: the checker need not insist on it
        if output.type.WhichOneof("value") in (None, "tensor_type"):
            output.type.tensor_type.shape.SetInParent()
    try:
        checker.check_model(checked)
    except checker.ValidationError as error:
        raise CompileError(f"{path} is not valid ONNX: {first_line(error)}") from error
    return model


def check_outputs(model: onnx.ModelProto, path: Path) -> None:
    """
    Refuse what onnx lets pass: no outputs, and one that is listed twice.

    :raises CompileError: if there is one of these.
    """
    counts = Counter(output.name for output in model.graph.output)
    if not counts:
        raise CompileError(
            f"{path} has no outputs, so there is nothing to compute: "
            "export it with the tensors that you need as its outputs"
        )
    for name, count in counts.items():
        if count > 1:
            raise CompileError(
                f"{path} lists the output '{name}' {count} times: export it with each output once"
            )


def opset(model: onnx.ModelProto) -> int:
    """Return the version of ONNX's own operators that the model uses; 0 if it doesn't say."""
    return max((o.version for o in model.opset_import if not o.domain), default=0)


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a unique name; an unnamed one is called after its first output."""
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    for node in graph.node:
        name = wanted = node.name or next((name for name in node.output if name), node.op_type)
        counts[wanted] += 1
        while name in taken:
            counts[wanted] += name != wanted
            name = f"{wanted}_{counts[wanted]}"
        taken.add(name)
        node.name = name


def _unknown(graph: onnx.GraphProto, version: int) -> Iterator[Refusal]:
    """Yield each node that can't be compiled, with the reason."""
    for node in graph.node:
        if is_contrib(node):
            continue
        if node.domain:
            op = f"{node.domain}.{node.op_type}"
            yield Refusal(node.name, op, "not an ONNX operator")
        elif not onnx.defs.has(node.op_type, version, ""):
            reason = f"unknown operator in opset {version}"
            yield Refusal(node.name, node.op_type, reason)
        elif onnx.defs.get_schema(node.op_type, version, "").deprecated:
            reason = f"deprecated in opset {version}, export it with a newer opset"
            yield Refusal(node.name, node.op_type, reason)
        for attribute in node.attribute:
            yield from _unknown(attribute.g, version)
