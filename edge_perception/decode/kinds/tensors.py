"""
For models whose outputs have no known meaning: each tensor is a detection of score 1.

Its label is the tensor's name and its embedding the values, for a node that knows what they mean.
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, finite, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.parameters import Parameters
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """Return the decoder, which fits every model; the options do not matter to it."""
    Parameters(model).check()
    names = tuple(tensor.name for tensor in model.outputs)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        return Detections(
            names,
            classes=np.full(len(names), -1, np.int32),
            scores=np.ones(len(names), np.float32),
            embeddings=[finite(name, tensors[name]) for name in names],
        )

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Leave it to the others."""
    return None
