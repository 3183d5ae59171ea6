"""Compute before the robot runs what doesn't depend on the input."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge_compiler.errors import CompileError
from edge_compiler.ir.dtype import array_type
from edge_compiler.ir.evaluate import check_numbers, evaluate, known_inputs
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ir.proto import node_proto
from edge_compiler.passes.base import Decision, done, graph_pass, kept

LARGEST_CONSTANT = 2**27
"""Elements: 512 MB of float32."""
LARGEST_TOTAL = 2**29
"""Elements of all that is computed, some of it only on the way."""


@graph_pass("fold-constants")
def fold_constants(graph: Graph) -> Iterator[Decision]:
    """
    Replace nodes whose inputs are all known by their results, but for quantised weights.

    :raises CompileError: if the results are far too large, or no numbers.
    """
    yield from _fold(graph, later=("DequantizeLinear",))


@graph_pass("fold-quantised-constants")
def fold_quantised_constants(graph: Graph) -> Iterator[Decision]:
    """
    Replace the quantised weights that no operator takes as integers by the numbers they are.

    :raises CompileError: as `fold_constants`.
    """
    yield from _fold(graph)


def _fold(graph: Graph, later: Collection[str] = ()) -> Iterator[Decision]:
    """Replace nodes whose inputs are all known, of any operator but some."""
    total = 0
    for node in list(graph.nodes):
        inputs = known_inputs(node.op, node.inputs, lambda value: value.constant)
        if inputs is None or node.op in later:
            continue
        _check_size(node)
        total += sum(value.size for value in node.outputs)
        if total > LARGEST_TOTAL:
            raise CompileError(
                f"the constants that nodes up to '{node.name}' ({node.op}) compute have {total} "
                f"elements together, more than {LARGEST_TOTAL}: the model is damaged or far too "
                "large for a robot"
            )
        try:
            results = evaluate(node_proto(node), inputs)
        except Exception as error:  # of the reference implementation, which raises all kinds
            yield kept(node, f"{node.op} of constants could not be computed: {error}")
            continue
        for value, array in zip(node.outputs, results, strict=False):
            for reader in graph.consumers(value):
                check_numbers(value.name, array, reader.op)
            value.constant = array.astype(array_type(value.type), copy=False).reshape(value.shape)
        graph.remove(node)
        yield done(node, f"{node.op} of constants is computed by the compiler")
    _check_outputs(graph)


def _check_outputs(graph: Graph) -> None:
    """Refuse a model of which nothing depends on what it is given; tables of anchors may not."""
    if all(value.constant is not None for value in graph.outputs):
        raise CompileError(
            f"the output '{graph.outputs[0].name}' doesn't depend on any input of the model, nor "
            "does another one: there is nothing to compute, export it with its inputs"
        )


def _check_size(node: Node) -> None:
    """Refuse constants that would not fit a robot, before memory is taken for them."""
    for value in node.outputs:
        if value.size > LARGEST_CONSTANT:
            raise CompileError(
                f"the constant '{value.name}' of shape {list(value.shape)} that node "
                f"'{node.name}' ({node.op}) computes would have {value.size} elements, more than "
                f"{LARGEST_CONSTANT}: the model is damaged or far too large for a robot"
            )
