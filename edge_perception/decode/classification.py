"""
One score a class: the best classes, each a detection without a box.

Parameters in the manifest: ``output``, the tensor with the scores (default: the first one);
``softmax``, whether the scores are still to be normalised (default: no); ``top``, how many classes
are of interest (default: 5).
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, DecodeError, finite, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.runtime.manifest import Model


def make(model: Model, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if the model has no tensor with one score for each label.
    """
    outputs = {tensor.name: tensor for tensor in model.outputs}
    name = model.decoder.parameters.get("output", next(iter(outputs), ""))
    if name not in outputs:
        raise DecodeError(
            f"the decoder of {model.name} reads the output {name!r}, but the model has "
            f"{', '.join(outputs) or 'none'}"
        )
    count = math.prod(outputs[name].shape)
    if model.labels and len(model.labels) != count:
        raise DecodeError(
            f"the model {model.name} has {len(model.labels)} labels, but its output {name!r} has "
            f"{count} scores; compile it again with the right labels"
        )
    labels = model.labels or tuple(f"class {index}" for index in range(count))
    top = options.top or int(model.decoder.parameters.get("top", 5))
    softmax = bool(model.decoder.parameters.get("softmax", False))

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        scores = finite(name, tensors[name])
        if softmax:
            powers = np.exp(scores - scores.max())
            scores = powers / powers.sum()
        best = np.argsort(-scores, kind="stable")[:top].astype(np.int32)
        best = best[scores[best] >= options.min_score]
        return Detections(tuple(labels[index] for index in best), best, scores[best])

    return decode
