"""What the outputs of a model mean: as the user says, as its file says, or as they look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Value
from edge_compiler.ir.image import as_tensor, channel_axis, image_layout
from edge_perception import decode
from edge_perception.decode.signature import Signature
from edge_perception.runtime.manifest import Decoder, Preprocess, Tensor

_MOVES = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Operators after which numbers are what they were."""


@dataclass(frozen=True)
class _Uncompiled:
    """What a decoder must know of a model, before there is a bundle."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    preprocess: Preprocess | None
    decoder: Decoder
    labels: tuple[str, ...]


def parse_decoder(data: Any, where: str) -> Decoder:
    """
    Check a decoder given as JSON; whether the model fits it is seen by `make_decoder`.

    :param where: what the JSON was read from, for messages.
    :raises CompileError: if it is none.
    """
    if (
        not isinstance(data, dict)
        or not data.keys() <= {"kind", "parameters", "because"}
        or not isinstance(data.get("kind"), str)
        or not isinstance(data.get("parameters", {}), dict)
        or not isinstance(data.get("because", ""), str)
    ):
        raise CompileError(f'{where} must be like {{"kind": "...", "parameters": {{...}}}}')
    return Decoder(data["kind"], data.get("parameters", {}), data.get("because", ""))


def recognised_decoder(graph: Graph, labels: tuple[str, ...]) -> Decoder:
    """Return the decoder that the model's outputs look like; ``because`` says why."""
    image = as_tensor(graph.inputs[0]) if is_camera_image(graph) else None
    operators = {value.name: _operator(graph, value) for value in graph.outputs}
    outputs = tuple(map(as_tensor, graph.outputs))
    return decode.recognise(Signature(image, outputs, labels, operators))


def make_decoder(
    decoder: Decoder, graph: Graph, name: str, preprocess: Preprocess, labels: tuple[str, ...]
) -> decode.Decode:
    """
    Return what reads the outputs of a model that is not compiled yet.

    :raises CompileError: if they don't fit the decoder.
    """
    inputs, outputs = (tuple(map(as_tensor, values)) for values in (graph.inputs, graph.outputs))
    model = _Uncompiled(name, inputs, outputs, preprocess, decoder, labels)
    try:
        return decode.make(model, decode.Options())
    except decode.DecodeError as error:
        raise CompileError(str(error)) from error


def is_camera_image(graph: Graph) -> bool:
    """Return whether a model has a single input, of the shape of a camera's image."""
    if len(graph.inputs) != 1:
        return False
    shape = graph.inputs[0].shape
    return len(shape) == 4 and shape[channel_axis(image_layout(shape))] in (1, 3)


def _operator(graph: Graph, value: Value) -> str:
    """Return what computes a value's numbers, wherever they are moved to afterwards."""
    node = graph.producer(value)
    while node is not None and node.op in _MOVES and node.inputs[0] is not None:
        node = graph.producer(node.inputs[0])
    return node.op if node is not None else ""
