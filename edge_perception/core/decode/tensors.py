"""
For models whose outputs have no known meaning: each tensor is a detection of score 1.

Its label is the tensor's name and its embedding the values, for a node that knows what they mean.
"""

from __future__ import annotations

from edge_perception.core.decode import Decode, Detection, finite, Options, Tensors
from edge_perception.messages import Message
from edge_perception.runtime.manifest import Model


def make(model: Model, options: Options) -> Decode:
    """Return the decoder, which fits every model; the options do not matter to it."""

    def decode(tensors: Tensors, size: tuple[int, int]) -> list[Message]:
        return [
            Detection(
                label=tensor.name,
                class_id=-1,
                score=1.0,
                embedding=finite(tensor.name, tensors[tensor.name]),
                track_id=-1,
            )
            for tensor in model.outputs
        ]

    return decode
