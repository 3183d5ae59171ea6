"""
Lines of text as regions of a map of probabilities: DBNet.

Liao et al., "Real-time Scene Text Detection with Differentiable Binarization". The map shows the
inner part of each line, so what is reported is larger.

Parameters in the manifest: ``output``, the map [1, 1, h, w] (default: the first one);
``threshold``, from where on a cell is text (default: 0.3); ``unclip``, by how many times its area
over its circumference a region grows (default: 1.5); and those of `Selection` (``min_score``, of
the mean of a region, is 0.5, and ``iou`` 1 by default).
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections, Floats, Mask
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.selection import Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no such map.
    """
    given = Parameters(model)
    output = given.output("output")
    threshold = given.number("threshold", 0.3, 0, 1)
    unclip = given.number("unclip", 1.5, 0, 10)
    selection = Selection(model, given, options, min_score=0.5, iou=1)
    given.check()
    if len(output.shape) != 4 or output.shape[:2] != (1, 1):
        raise misfit(model, f"{output.name!r} {list(output.shape)} is no map of one number a cell")
    selection.check_classes(1)
    cell = selection.cell(output)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        heat = read(tensors, output)[0, 0]
        boxes, scores = _regions(heat, heat > threshold)
        rows = selection.likely(scores)
        sides = boxes[rows, 2:] - boxes[rows, :2]
        growth = unclip * sides.prod(axis=1) / (2 * sides.sum(axis=1))
        larger = boxes[rows] + growth[:, None] * np.array([-1, -1, 1, 1], np.float32)
        classes = np.zeros(len(rows), np.intp)
        return selection.report(size, larger * np.tile(cell, 2), classes, scores[rows])[0]

    return decode


def _regions(heat: Floats, mask: Mask) -> tuple[Floats, Floats]:
    """
    Return left, top, right, bottom [N, 4] and mean [N] of the regions of a map that touch.

    Corner to corner counts as touching.
    """
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    if not len(rows):
        return np.empty((0, 4), np.float32), np.empty(0, np.float32)
    sums = np.concatenate([np.zeros((len(heat), 1)), heat.cumsum(axis=1, dtype=np.float64)], 1)
    _, which = np.unique(
        _joined(rows.tolist(), starts.tolist(), ends.tolist()), return_inverse=True
    )
    count = which.max() + 1
    low, high = np.full((count, 2), heat.size), np.zeros((count, 2), np.intp)
    np.minimum.at(low, which, np.stack([starts, rows], axis=1))
    np.maximum.at(high, which, np.stack([ends, rows + 1], axis=1))
    total, cells = np.zeros(count), np.zeros(count)
    np.add.at(total, which, sums[rows, ends] - sums[rows, starts])
    np.add.at(cells, which, ends - starts)
    return np.concatenate([low, high], 1).astype(np.float32), (total / cells).astype(np.float32)


def _joined(rows: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Return for each run of cells, in order of rows and columns, the first of its region."""
    first = list(range(len(rows)))

    def root(run: int) -> int:
        while first[run] != run:
            first[run] = first[first[run]]
            run = first[run]
        return run

    above = 0
    for run, row in enumerate(rows):
        while rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] < starts[run]):
            above += 1
        other = above
        while rows[other] == row - 1 and starts[other] <= ends[run]:
            a, b = root(run), root(other)
            first[max(a, b)] = min(a, b)
            other += 1
    return [root(run) for run in range(len(rows))]


def recognise(signature: Signature) -> Decoder | None:
    """Take nothing: such a map looks like that of a segmentation."""
    return None
