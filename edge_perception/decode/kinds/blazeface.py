"""
BlazeFace and other detectors of MediaPipe: boxes and points relative to the middle of cells.

Each of A anchors has x, y, width, height and x, y of K points in pixels of the input, from the
middle of its cell, and a score before its sigmoid. Bazarevsky et al., "BlazeFace: Sub-millisecond
Neural Face Detection on Mobile GPUs".

Parameters in the manifest: ``boxes``, ``scores``: the outputs with 4 + 2 K values and with one for
each anchor, see `Rows`, or lists of several (default: those whose sizes are so); ``strides`` of
the grids and ``anchors``, how many a cell of each has (default: 8, 16 and 2, 6); ``order`` of
coordinates, "xy" (the default) or "yx"; and those of `Selection`.
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, grid, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import sigmoid
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import corners, pairs, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_STRIDES, _ANCHORS = (8, 16), (2, 6)
_WIDTHS = (16, 18)  # a face with 6 points, a palm with 7


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its outputs are not of as many anchors.
    """
    given = Parameters(model)
    names = [output.name for output in model.outputs]
    boxes = given.outputs("boxes", names[:1])
    scores = given.outputs("scores", names[1:2])
    strides = given.strides(_STRIDES)
    anchors = tuple(map(int, given.numbers("anchors", _ANCHORS, len(strides), 1)))
    is_flipped = given.text("order", "xy", ("xy", "yx")) == "yx"
    selection = Selection(model, given, options, min_score=0.5, iou=0.3)
    given.check()
    selection.check_classes(1)
    size = selection.input_size
    count = sum(
        grid.count(size, [stride]) * each for stride, each in zip(strides, anchors, strict=True)
    )
    placed, likelihoods = Rows(model, boxes, count), Rows(model, scores, count)
    if placed.width < 4 or placed.width % 2 or likelihoods.width != 1:
        raise misfit(model, f"its outputs have no box, points and score for {count} anchors")
    parts = [grid.cells(size, [s], each) for s, each in zip(strides, anchors, strict=True)]
    middles = np.concatenate([(place + 0.5) * stride for place, stride in parts])

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        likely = sigmoid(likelihoods.read(tensors)[:, 0])
        rows = selection.likely(likely)
        values = pairs(placed.read(tensors)[rows])
        if is_flipped:
            values = values[:, :, ::-1]
        middle = middles[rows]
        points = values[:, 2:] + middle[:, None] if placed.width > 4 else None
        return selection.report(
            size,
            corners(values[:, 0] + middle, values[:, 1]),
            np.zeros(len(rows), np.intp),
            likely[rows],
            points,
        )[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take two tables with a box, 6 or 7 points and a score for each of the usual anchors."""
    if len(signature.outputs) != 2 or signature.image is None or not signature.fits(1):
        return None
    count = 2 * signature.cells(8) + 6 * signature.cells(16)
    for boxes, scores in (signature.outputs, signature.outputs[::-1]):
        if scores.shape == (1, count, 1) and boxes.shape in [(1, count, w) for w in _WIDTHS]:
            parameters = {"boxes": [boxes.name], "scores": [scores.name]}
            because = f"a box, points and a score for each of {count} anchors"
            return Decoder("blazeface", parameters, because)
    return None
