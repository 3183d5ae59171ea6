"""
Boxes of a detector that ends with its own choice of the best: a box and a score for each thing.

Parameters in the manifest: ``boxes``, the tensor with left, top, right and bottom of N boxes
(default: the first output); ``scores``, that with their scores (default: the second); ``classes``,
that with the numbers of their labels (default: none, all have the first); ``landmarks``, that with
the x and y of K points of each (default: none); ``unit``, whether positions are a "fraction" of
the model's input (default) or in its "pixel". What has no score above 0 is no thing.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge_perception.decode import Decode, DecodeError, finite, Options, Tensors
from edge_perception.decode.detections import Detections, Floats
from edge_perception.decode.letterbox import Letterbox
from edge_perception.runtime.manifest import Model

_UNITS = ("fraction", "pixel")


class _Outputs(NamedTuple):
    """Names of a model's outputs; empty: it has none of that."""

    boxes: str
    scores: str
    classes: str
    landmarks: str


def make(model: Model, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if the model lacks a tensor, or their sizes don't fit together.
    """
    names, count = _outputs(model)
    letterbox = Letterbox(model)
    unit = model.decoder.parameters.get("unit", _UNITS[0])
    if unit not in _UNITS:
        raise DecodeError(
            f"the decoder of {model.name} has the unit {unit!r}, but there are {', '.join(_UNITS)}"
        )

    def points(tensors: Tensors, name: str, size: tuple[int, int]) -> Floats:
        """Return the points of each thing in pixels of the image [count, K, 2]."""
        fractions: npt.NDArray[Any] = finite(name, tensors[name]).reshape(count, -1, 2)
        if unit == "pixel":
            fractions = fractions / np.array(letterbox.input_size)
        return letterbox.to_image(fractions, size)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        scores = finite(names.scores, tensors[names.scores])
        order = np.argsort(-scores, kind="stable")
        order = order[(scores[order] > 0) & (scores[order] >= options.min_score)]
        order = order[: options.top or None]
        classes = np.zeros(count, np.int32)
        if names.classes:
            classes = finite(names.classes, tensors[names.classes]).astype(np.int32)
        corners = points(tensors, names.boxes, size)[order]
        landmarks = points(tensors, names.landmarks, size)[order] if names.landmarks else None
        return Detections(
            tuple(_label(model.labels, index) for index in classes[order].tolist()),
            classes[order],
            scores[order],
            np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1),
            landmarks,
        )

    return decode


def _outputs(model: Model) -> tuple[_Outputs, int]:
    """Return which outputs are what, and of how many things they are."""
    sizes = {tensor.name: math.prod(tensor.shape) for tensor in model.outputs}
    first, second, *_ = [*sizes, "", ""]
    given = model.decoder.parameters
    names = _Outputs(
        given.get("boxes", first),
        given.get("scores", second),
        given.get("classes", ""),
        given.get("landmarks", ""),
    )
    for name in (names.boxes, names.scores, *filter(None, names[2:])):
        if name not in sizes:
            raise DecodeError(
                f"the decoder of {model.name} reads the output {name!r}, but the model has "
                f"{', '.join(sizes) or 'none'}"
            )
    count = sizes[names.scores]
    wanted = {names.boxes: 4 * count, names.classes: count}
    for name, numbers in wanted.items():
        if name and sizes[name] != numbers:
            raise DecodeError(
                f"the model {model.name} has {count} scores, so its output {name!r} must have "
                f"{numbers} numbers, but has {sizes[name]}"
            )
    if names.landmarks and (not sizes[names.landmarks] or sizes[names.landmarks] % (2 * count)):
        raise DecodeError(
            f"the model {model.name} has {count} scores, so its output {names.landmarks!r} must "
            f"have {2 * count} numbers for each landmark, but has {sizes[names.landmarks]}"
        )
    return names, count


def _label(labels: tuple[str, ...], index: int) -> str:
    return labels[index] if 0 <= index < len(labels) else f"class {index}"
