"""
Boxes of a detector that ends with its own choice of the best: a box and a score for each thing.

Either in a table, as YOLO's from version 10 on, or in outputs of their own.

Parameters in the manifest: ``table``, the output with a row for each of N things: left, top,
right, bottom, score, number of the class, x and y of K points (default: none); or ``boxes``, left,
top, right and bottom of N boxes, ``scores``, N (default: the first output, the second),
``classes``, numbers of their labels (default: none, all are of the first label), ``landmarks``, x
and y of K points of each (default: none); ``count``, how many of the N are valid (default: none,
all with a positive score); ``order`` of coordinates, "xy" (the default) or "yx"; ``unit``,
"fraction" of the input (the default) or "pixel" of it; and those of `Selection` (``iou`` is 1 by
default).
"""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections, Floats
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.selection import pairs, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_COLUMNS = 6  # before those of points
_MOST_CLASSES = 1 << 20
_MOST_THINGS = 1000  # more are candidates


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it lacks an output, or their sizes don't fit together.
    """
    given = Parameters(model)
    things = _things(model, given)
    valid = given.optional_output("count")
    is_flipped = given.text("order", "xy", ("xy", "yx")) == "yx"
    is_fraction = given.text("unit", "fraction", ("fraction", "pixel")) == "fraction"
    selection = Selection(model, given, options, min_score=0, iou=1)
    given.check()
    unit = np.array(selection.input_size if is_fraction else (1, 1), np.float32)

    def points(values: Floats) -> Floats:
        """Return x and y [M, K, 2] in pixels of the input."""
        found = pairs(values)
        return (found[:, :, ::-1] if is_flipped else found) * unit

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        table = things(tensors)
        scores = np.where(table[:, 4] > 0, table[:, 4], -1)
        if valid is not None:
            scores[max(0, round(float(read(tensors, valid).reshape(-1)[0]))) :] = -1
        rows = selection.likely(scores)
        ends = np.sort(points(table[rows, :4]), axis=1)
        marks = points(table[rows, _COLUMNS:]) if table.shape[1] > _COLUMNS else None
        classes = np.clip(np.rint(table[rows, 5]), -1, _MOST_CLASSES).astype(np.intp)
        return selection.report(size, ends.reshape(-1, 4), classes, scores[rows], marks)[0]

    return decode


def _things(model: Described, given: Parameters) -> Callable[[Tensors], Floats]:
    """Return what makes one table of all outputs: box, score, class, points [N, 6 + 2 K]."""
    if (table := given.optional_output("table")) is not None:
        width = table.shape[-1] if table.shape else 0
        if width < _COLUMNS or width % 2:
            raise misfit(
                model, f"{table.name!r} {list(table.shape)} has no rows of box and points"
            )
        return lambda tensors: read(tensors, table).reshape(-1, width)

    boxes, scores = given.output("boxes"), given.output("scores", 1)
    classes, landmarks = given.optional_output("classes"), given.optional_output("landmarks")
    count = math.prod(scores.shape)
    points = math.prod(landmarks.shape) // max(1, count) if landmarks else 0
    columns = [(boxes, 4), (scores, 1), (classes, 1), (landmarks, points)]
    given_columns = [(output, width) for output, width in columns if output is not None]
    if points % 2 or any(math.prod(one.shape) != width * count for one, width in given_columns):
        shapes = ", ".join(f"{one.name} {list(one.shape)}" for one, _ in given_columns)
        raise misfit(model, f"the outputs {shapes} are not of as many things")

    def read_all(tensors: Tensors) -> Floats:
        return np.concatenate(
            [
                np.zeros((count, width), np.float32)
                if output is None
                else read(tensors, output).reshape(count, width)
                for output, width in columns
            ],
            axis=1,
        )

    return read_all


def recognise(signature: Signature) -> Decoder | None:
    """Take one table of 6 columns, which are too few for scores of classes."""
    if len(signature.outputs) != 1 or signature.image is None:
        return None
    (table,) = signature.outputs
    if len(table.shape) != 3 or table.shape[0] != 1 or table.shape[2] != _COLUMNS:
        return None
    if table.shape[1] > _MOST_THINGS:
        return None
    parameters = {"table": table.name, "unit": "pixel"}
    because = f"a table of {table.shape[1]} things with box, score and class"
    return Decoder("boxes", parameters, because)
