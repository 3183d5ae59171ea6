"""
TensorFlow.js's graphs as ONNX: the operators of those that the zoo has.

A graph that was an ONNX model before has images with their channels first, and turns them around
every convolution. Here a transposition is only remembered, and written where it has an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
import json

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.zoo.tfjs.graph import Graph
from edge_compiler.zoo.tfjs.operators import OPERATORS


def convert(
    graph: bytes,
    weights: bytes,
    where: str,
    names: Mapping[str, str],
    *,
    channels_first: bool = False,
) -> onnx.ModelProto:
    """
    Return the ONNX model of a graph and its weights.

    :param where: what the graph is, for messages.
    :param names: of the input and the outputs, and what the model calls them.
    :param channels_first: whether inputs and outputs, whose channels are last in the file, have
        them first in the model.
    :raises CompileError: if it is damaged, or has an operator that is not known here.
    """
    try:
        made = Graph(json.loads(graph), weights)
        return made.convert(OPERATORS, names, channels_first=channels_first)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise CompileError(f"{where} has unexpected content: {error!r}") from error
