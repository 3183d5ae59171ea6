"""A model in pieces that run one after the other, so that few of its weights are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import math

import onnx
from onnx import helper

from edge_compiler.frontend.skeleton import ITEM_BYTES
from edge_compiler.frontend.tidy import reads_of
from edge_compiler.onnx_runtime.types import Types


def in_pieces(model: onnx.ModelProto, most: int, types: Types) -> list[onnx.ModelProto]:
    """
    Return models that compute a model's outputs together, in this order.

    What one needs of those before it are inputs of a known element type, and outputs there. A
    model stays whole whose nodes aren't sorted.

    :param model: large weights lie in files; outputs need no types.
    :param most: bytes of such weights that a piece may have, unless one node has more.
    :param types: of its tensors.
    """
    graph = model.graph
    sizes = {
        tensor.name: math.prod(tensor.dims) * ITEM_BYTES.get(tensor.data_type, 0)
        for tensor in graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL
    }
    if sum(sizes.values()) <= most or not _is_sorted(graph):
        return [model]
    known = types.known
    runs = list(_runs(graph, sizes, known, most))
    outputs = {value.name for value in graph.output}
    writer = {name: i for i, run in enumerate(runs) for node in run for name in node.output}
    reads = [{name for node in run for name in reads_of(node)} for run in runs]
    reads[0] |= outputs - writer.keys()
    pieces = []
    for index, run in enumerate(runs):
        later = set[str]().union(*reads[index + 1 :])
        handed = [name for node in run for name in node.output if name in later - outputs]
        taken = sorted(name for name in reads[index] if writer.get(name, index) < index)
        piece = onnx.GraphProto(
            name=graph.name,
            node=run,
            initializer=[tensor for tensor in graph.initializer if tensor.name in reads[index]],
            input=[value for value in graph.input if value.name in reads[index]],
            output=[value for value in graph.output if writer.get(value.name, 0) == index],
        )
        piece.input.extend(helper.make_tensor_value_info(n, known[n], None) for n in taken)
        piece.output.extend(onnx.ValueInfoProto(name=name) for name in handed)
        pieces.append(
            onnx.ModelProto(
                ir_version=model.ir_version,
                opset_import=model.opset_import,
                functions=model.functions,
                graph=piece,
            )
        )
    return pieces


def set_shape(value: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    """Say what shape a tensor has."""
    tensor = value.type.tensor_type
    tensor.ClearField("shape")
    for dimension in shape:
        tensor.shape.dim.add().dim_value = dimension


def _runs(
    graph: onnx.GraphProto, sizes: Mapping[str, int], types: Mapping[str, int], most: int
) -> Iterator[list[onnx.NodeProto]]:
    """Yield the nodes of each piece: all that goes on from one are tensors of known types."""
    last = {name: i for i, node in enumerate(graph.node) for name in reads_of(node)}
    run: list[onnx.NodeProto] = []
    weights, going_on = set[str](), set[str]()
    for index, node in enumerate(graph.node):
        own = sizes.keys() & reads_of(node)
        full = own - weights and sum(sizes[name] for name in weights | own) > most
        if run and full and going_on <= types.keys():
            yield run
            run, weights = [], set()
        run.append(node)
        weights |= own
        going_on = {name for name in going_on.union(node.output) if last.get(name, 0) > index}
    yield run


def _is_sorted(graph: onnx.GraphProto) -> bool:
    """Return whether each node stands after those that it reads."""
    due = {name for node in graph.node for name in node.output if name}
    for node in graph.node:
        if not due.isdisjoint(reads_of(node)):
            return False
        due.difference_update(node.output)
    return True
