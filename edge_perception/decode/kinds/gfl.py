"""
Detectors that predict each edge of a box as a distribution of distances: NanoDet, YOLOv8's heads.

Each of A cells gives the scores of C classes, and for the distances to the left, top, right and
bottom edge the likelihoods (before softmax) of 0, 1, 2 ... strides. Li et al., "Generalized Focal
Loss".

Parameters in the manifest: ``outputs``, those with the rows of cells, see `Rows` (default: all);
``edges``, those with the likelihoods alone, if they are apart (default: none); ``bins``, how many
an edge has (default: 8); ``first``, "scores" or "edges", which of a cell's values come first
(default: "scores"); ``sigmoid``, whether scores need one (default: no); ``strides`` (default: 8,
16, 32); ``centre``, where in its cell a point is, 0 to 1 (default: 0, the corner); and those of
`Selection`.
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, grid, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import sigmoid, softmax
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_STRIDES = ((8, 16, 32), (8, 16, 32, 64))
_BINS, _YOLO_BINS = 8, 16


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its outputs have no row for every cell.
    """
    given = Parameters(model)
    outputs, apart = given.outputs("outputs"), given.outputs("edges", ())
    bins = given.integer("bins", _BINS, 2, 64)
    scores_first = given.text("first", "scores", ("scores", "edges")) == "scores"
    is_logit = given.flag("sigmoid", False)
    strides = given.strides(_STRIDES[0])
    centre = given.number("centre", 0, 0, 1)
    selection = Selection(model, given, options, min_score=0.35, iou=0.6)
    given.check()
    count = grid.count(selection.input_size, strides)
    parts = [Rows(model, outputs, count)] + ([Rows(model, apart, count)] if apart else [])
    width = sum(part.width for part in parts)
    classes = width - 4 * bins
    if classes < 1 or (apart and parts[1].width != 4 * bins):
        raise misfit(model, f"a cell has {width} values, and 4 edges of {bins} bins need more")
    selection.check_classes(classes)
    scores_at = slice(classes) if scores_first else slice(4 * bins, width)
    edges_at = slice(classes, width) if scores_first else slice(4 * bins)
    places, distances = grid.cells(selection.input_size, strides)
    steps = np.arange(bins, dtype=np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        cells = np.concatenate([part.read(tensors) for part in parts], axis=1)
        scores = cells[:, scores_at].max(axis=1)
        if is_logit:
            scores = sigmoid(scores)
        rows = selection.likely(scores)
        edges = softmax(cells[rows, edges_at].reshape(-1, 4, bins)) @ steps
        points = places[rows] + np.float32(centre)
        boxes = np.concatenate([points - edges[:, :2], points + edges[:, 2:]], axis=1)
        best = cells[rows, scores_at].argmax(axis=1)
        return selection.report(size, boxes * distances[rows], best, scores[rows])[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take NanoDet's table where the labels are known, or YOLOv8's maps of three grids."""
    if signature.image is None:
        return None
    return _nanodet(signature) or _heads(signature)


def _nanodet(signature: Signature) -> Decoder | None:
    width = len(signature.labels) + 4 * _BINS
    for strides in _STRIDES:
        count = signature.cells(*strides)
        shapes = [output.shape for output in signature.outputs]
        if signature.labels and shapes == [(1, count, width)]:
            parameters = {"outputs": [signature.outputs[0].name], "strides": list(strides)}
            because = f"scores and 4 edges of {_BINS} bins for each of {count} cells"
            return Decoder("gfl", parameters, because)
    return None


def _heads(signature: Signature) -> Decoder | None:
    outputs = {math.prod(output.shape[2:]): output for output in signature.outputs}
    cells = [signature.cells(stride) for stride in _STRIDES[0]]
    if len(signature.outputs) != len(cells) or sorted(outputs, reverse=True) != cells:
        return None
    widths = {output.shape[1] for output in signature.outputs if len(output.shape) == 4}
    if len(widths) != 1 or not signature.is_usual(widths.pop() - 4 * _YOLO_BINS):
        return None
    parameters = {
        "outputs": [outputs[count].name for count in cells],
        "bins": _YOLO_BINS,
        "first": "edges",
        "sigmoid": True,
        "centre": 0.5,
    }
    return Decoder("gfl", parameters, "maps of three grids with 4 edges of 16 bins, as YOLOv8 has")
