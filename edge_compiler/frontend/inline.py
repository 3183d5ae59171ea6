"""Write out what a model calls: its functions, and the branch that an If with a constant takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import onnx
from onnx import helper, inliner, numpy_helper

from edge_compiler.errors import CompileError, first_line

ONNX_DOMAIN, ITS_OTHER_NAME = "", "ai.onnx"


def inline(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """
    Return the model without functions, and without branches that are never or always taken.

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
    nodes = list(_without_branches(model.graph.node, _conditions(model.graph)))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def name_domain(model: onnx.ModelProto) -> None:
    """Call ONNX's own domain by one of its two names."""
    for imports in (model.opset_import, *(f.opset_import for f in model.functions)):
        for entry in imports:
            entry.domain = _domain(entry.domain)
    for nodes in (model.graph.node, *(function.node for function in model.functions)):
        for node in nodes:
            node.domain = _domain(node.domain)


def _domain(name: str) -> str:
    return ONNX_DOMAIN if name == ITS_OTHER_NAME else name


def _conditions(graph: onnx.GraphProto) -> dict[str, bool]:
    """Return the truth values that stand in the file, by name."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value" and node.output:
                tensors[node.output[0]] = attribute.t
    return {
        name: bool(numpy_helper.to_array(tensor).item())
        for name, tensor in tensors.items()
        if tensor.data_type == onnx.TensorProto.BOOL and _is_single(tensor)
    }


def _is_single(tensor: onnx.TensorProto) -> bool:
    return list(tensor.dims) in ([], [1]) and len(tensor.raw_data) + len(tensor.int32_data) == 1


def _without_branches(
    nodes: Iterable[onnx.NodeProto], conditions: dict[str, bool]
) -> Iterator[onnx.NodeProto]:
    """Yield nodes, and instead of an If whose condition is known those of its branch."""
    for node in nodes:
        condition = conditions.get(node.input[0]) if node.input else None
        if node.op_type != "If" or node.domain or condition is None:
            yield node
            continue
        wanted = "then_branch" if condition else "else_branch"
        branch = next((a.g for a in node.attribute if a.name == wanted), None)
        if branch is None or branch.input or len(branch.output) != len(node.output):
            yield node  # which is then refused
            continue
        inner = list(_renamed(node, branch))
        yield from _without_branches(inner, conditions | _conditions(branch))


def _renamed(node: onnx.NodeProto, branch: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield a branch's nodes, with names that are unique outside of it too."""
    inner = [*(t.name for t in branch.initializer), *(o for n in branch.node for o in n.output)]
    names = {name: f"{node.output[0]}/{name}" for name in inner if name}
    for tensor in branch.initializer:
        yield helper.make_node("Constant", [], [names[tensor.name]], value=tensor)
    for part in branch.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(part)
        copy.name = f"{node.output[0]}/{part.name}" if part.name else ""
        copy.output[:] = [names.get(name, name) for name in part.output]
        _rename_reads(copy, names)
        yield copy
    for result, output in zip(branch.output, node.output, strict=True):
        yield helper.make_node("Identity", [names.get(result.name, result.name)], [output])


def _rename_reads(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    """Rename what a node reads, and what the graphs within it read from outside of them."""
    node.input[:] = [names.get(name, name) for name in node.input]
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                _rename_reads(inner, names)
            for result in graph.output:
                result.name = names.get(result.name, result.name)
