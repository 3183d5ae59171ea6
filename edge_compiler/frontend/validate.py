"""Check that a model is valid ONNX made of operators that this compiler can know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

import onnx
from onnx import checker, inliner

from edge_compiler.errors import CompileError

OLDEST_OPSET = 6
ONNX_DOMAINS = ("", "ai.onnx")


def validate(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """
    Return the model with its functions inlined and its nodes named.

    :raises CompileError: if an operator is unknown or the model breaks ONNX's rules.
    """
    _check_outputs([output.name for output in model.graph.output], path)
    if model.functions:
        model = inliner.inline_local_functions(model)
    version = opset(model)
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST_OPSET <= version <= newest:
        raise CompileError(
            f"{path} uses ONNX opset {version}, but {OLDEST_OPSET} to {newest} are supported: "
            "export it with an opset in this range"
        )
    name_nodes(model.graph)
    if unknown := list(_unknown(model.graph, version)):
        raise CompileError(
            f"{path} has {len(unknown)} unsupported node(s), to be replaced when exporting: "
            + "; ".join(unknown)
        )
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", version))
    checked = onnx.ModelProto()
    checked.CopyFrom(model)
    for output in checked.graph.output:  # its shape is inferred: the checker need not insist on it
        output.type.tensor_type.shape.SetInParent()
    try:
        checker.check_model(checked)
    except checker.ValidationError as error:
        raise CompileError(f"{path} is not valid ONNX: {first_line(error)}") from error
    return model


def _check_outputs(names: list[str], path: Path) -> None:
    """Refuse what onnx lets pass: no outputs, and one that is listed twice."""
    if not names:
        raise CompileError(
            f"{path} has no outputs, so there is nothing to compute: "
            "export it with the tensors that you need as its outputs"
        )
    for name in names:
        if names.count(name) > 1:
            raise CompileError(
                f"{path} lists the output '{name}' {names.count(name)} times: "
                "export it with each output once"
            )


def opset(model: onnx.ModelProto) -> int:
    """Return the version of ONNX's own operators that the model uses; 0 if it doesn't say."""
    return max((o.version for o in model.opset_import if o.domain in ONNX_DOMAINS), default=0)


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a unique name; an unnamed one is called after its first output."""
    taken: set[str] = set()
    for node in graph.node:
        wanted = node.name or next((name for name in node.output if name), node.op_type)
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        taken.add(name)
        node.name = name


def _unknown(graph: onnx.GraphProto, version: int) -> Iterator[str]:
    """Yield each node that can't be compiled, with the reason."""
    for node in graph.node:
        if node.domain not in ONNX_DOMAINS:
            yield f"'{node.name}' ({node.domain}.{node.op_type}): not an ONNX operator"
        elif not onnx.defs.has(node.op_type, version, ""):
            yield f"'{node.name}' ({node.op_type}): unknown operator in opset {version}"
        elif any(a.type in (a.GRAPH, a.GRAPHS) for a in node.attribute):
            yield f"'{node.name}' ({node.op_type}): control flow (a sub-graph)"


def first_line(error: Exception) -> str:
    """Return what an exception of onnx says, without its trace and context."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^\[\w+\] ", "", lines[0]) if lines else type(error).__name__
