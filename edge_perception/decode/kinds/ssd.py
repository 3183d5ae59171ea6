"""
Boxes and scores for each of A candidates: SSD, RetinaFace, UltraFace, DETR.

Boxes are complete, or relative to priors, squares of fixed sizes around the cells of grids. Liu et
al., "SSD: Single Shot MultiBox Detector"; Deng et al., "RetinaFace".

Parameters in the manifest: ``boxes``, ``scores``: the outputs with 4 values and with C for each
candidate, see `Rows` (default: the first, the second); ``landmarks``, with x and y of K points
(default: none); ``priors``, for each grid the sides of the squares [pixel of the input] (default:
none, boxes are complete); ``strides`` of the grids; ``variances`` of the offset of the centre and
of the logarithm of the size (default: 0.1, 0.2); ``form`` of a complete box, "corners" (the
default) or "centre" and size, its ``order`` of coordinates, "xy" (the default) or "yx", and its
``unit``, "fraction" of the input (the default) or "pixel"; ``activation`` that the scores need,
"none" (the default), "sigmoid" or "softmax"; ``background``, the place of the class that is
nothing: "first" (the default), "last" or "none"; and those of `Selection`.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import numpy as np

from edge_perception.decode import Decode, Options, priors, Tensors
from edge_perception.decode.detections import Detections, Floats
from edge_perception.decode.functions import sigmoid, softmax
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.priors import Priors
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import corners, pairs, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda scores: scores,
    "sigmoid": sigmoid,
    "softmax": softmax,
}
_THINGS = {"first": slice(1, None), "last": slice(-1), "none": slice(None)}
_WITH_BACKGROUND = (21, 91)  # classes of VOC, and of COCO as TensorFlow counts them
_RETINAFACE = ((8, 16, 32), ((16, 32), (64, 128), (256, 512)))


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its outputs are not of as many candidates.
    """
    given = Parameters(model)
    boxes, scores = given.output("boxes"), given.output("scores", 1)
    landmarks = given.optional_output("landmarks")
    strides = given.strides(_RETINAFACE[0])
    sides = given.lists("priors", len(strides))
    variances = given.numbers("variances", (0.1, 0.2), 2)
    is_centre = given.text("form", "corners", ("corners", "centre")) == "centre"
    is_flipped = given.text("order", "xy", ("xy", "yx")) == "yx"
    is_fraction = given.text("unit", "fraction", ("fraction", "pixel")) == "fraction"
    activate = _ACTIVATIONS[given.text("activation", "none", tuple(_ACTIVATIONS))]
    things = _THINGS[given.text("background", "first", tuple(_THINGS))]
    selection = Selection(model, given, options)
    given.check()
    count = math.prod(boxes.shape) // 4
    if sides and count != (expected := priors.count(selection.input_size, strides, sides)):
        raise misfit(model, f"{boxes.name!r} has {count} boxes, but there are {expected} priors")
    placed, likelihoods = Rows(model, [boxes], count), Rows(model, [scores], count)
    points = Rows(model, [landmarks], count) if landmarks else None
    if points and points.width % 2:
        raise misfit(model, f"{points.width} values of landmarks are no pairs")
    selection.check_classes(len(range(likelihoods.width)[things]))
    anchors = Priors(selection.input_size, strides, sides, variances) if sides else None
    unit = np.array(selection.input_size if is_fraction else (1, 1), np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        likely = activate(likelihoods.read(tensors))[:, things]
        best = likely.max(axis=1)
        rows = selection.likely(best)
        values = placed.read(tensors)[rows]
        marks = points.read(tensors)[rows] if points else None
        if anchors:
            edges = anchors.boxes(values, rows)
            marks = anchors.points(marks, rows) if marks is not None else None
        else:
            ends = pairs(values)[:, :, :: -1 if is_flipped else 1] * unit
            edges = corners(ends[:, 0], ends[:, 1]) if is_centre else ends.reshape(-1, 4)
            marks = pairs(marks) * unit if marks is not None else None
        return selection.report(size, edges, likely[rows].argmax(axis=1), best[rows], marks)[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take outputs with 4 and with some more values for each of as many candidates."""
    tables = [one for one in signature.outputs if len(one.shape) == 3 and one.shape[0] == 1]
    counts = set.intersection(*({*one.shape[1:]} for one in tables)) if tables else set()
    if len(tables) != len(signature.outputs) or not counts:
        return None
    count = max(counts)
    names = {math.prod(one.shape) // count: one.name for one in tables}
    boxes, landmarks = names.pop(4, None), names.pop(10, None)
    if len(names) != 1 or boxes is None or len(tables) != 2 + (landmarks is not None):
        return None
    ((width, scores),) = names.items()
    parameters: dict[str, Any] = {"boxes": boxes, "scores": scores}
    if _is_independent(signature, scores, width):
        parameters["background"] = "none"
        if not signature.is_probability(scores):
            parameters["activation"] = "sigmoid"
    elif signature.fits(width - 1):
        if not signature.is_probability(scores):
            parameters["activation"] = "softmax"
    else:
        return None
    because = f"{count} candidates with a box and {width} scores"
    if landmarks:
        strides, sides = _RETINAFACE
        if count != priors.count(signature.size, strides, sides):
            return None
        parameters["landmarks"] = landmarks
        parameters |= {"strides": list(strides), "priors": [list(each) for each in sides]}
        because += ", as many as RetinaFace has priors"
    else:
        because += ", boxes being complete"
    return Decoder("ssd", parameters, because)


def _is_independent(signature: Signature, scores: str, width: int) -> bool:
    """Return whether all scores are of things, and none is of the background."""
    if signature.labels:
        return width == len(signature.labels)
    is_sigmoid = signature.operators.get(scores) == "Sigmoid"
    return signature.is_usual(width) or (is_sigmoid and width not in _WITH_BACKGROUND)
