"""What to do about an If whose branch the model chooses while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.tidy import reads_of
from edge_compiler.ir.graph import Value


def refused_choice(
    node: onnx.NodeProto,
    graph: onnx.GraphProto,
    inputs: Mapping[str, Value],
    reason: CompileError,
) -> CompileError:
    """
    Return the error that refuses both branches of an If.

    :param graph: of the model, which has the node.
    :param inputs: of the model, by name.
    :param reason: what is wrong with one of them, or with the choice.
    """
    numbers = [name for name in _decides(node, graph, inputs) if _is_number(inputs[name])]
    if numbers:
        names = ", ".join(map(repr, numbers))
        constants = " ".join(f"--constant {name}=VALUE" for name in numbers)
        advice = (
            f"if {names} is always the same, make it a constant with "
            f"edgec import MODEL {constants} -o COPY.onnx"
        )
    else:
        advice = "export the model with the branch that the robot needs"
    return CompileError(
        f"which branch of node '{node.name}' (If) is taken is known only while the model runs: "
        f"{advice}; both together are refused: {reason}"
    )


def _decides(node: onnx.NodeProto, graph: onnx.GraphProto, inputs: Iterable[str]) -> list[str]:
    """Return the inputs of the model that decide on which branch is taken."""
    makers = {name: maker for maker in graph.node for name in maker.output}
    seen, waiting = set[str](), [node.input[0]]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in makers:
            waiting += reads_of(makers[name])
        seen.add(name)
    return [name for name in inputs if name in seen]


def _is_number(value: Value) -> bool:
    return math.prod(value.shape) == 1
