"""
YOLO from version 3 to 7, as exported before its boxes are decoded: a map for each of three grids.

Each cell of a grid has three anchors with x, y, width, height, the score that there is something
at all, and one for each class, all before their sigmoid. Redmon and Farhadi, "YOLOv3"; Wang et
al., "YOLOv7".

Parameters in the manifest: ``outputs``, of the grids, the finest first, see `Rows`
(default: all); ``strides`` (default: 8, 16, 32); ``anchors``,
width and height of each in turns, a list for each grid [pixel of the input] (default: those of
YOLOv5); ``version``, 3 or 5 (default: 5): how centre and size are made of the values; and those of
`Selection`.
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, grid, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import growth, sigmoid
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import corners, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_STRIDES = (8, 16, 32)
_ANCHORS = (
    (10.0, 13.0, 16.0, 30.0, 33.0, 23.0),
    (30.0, 61.0, 62.0, 45.0, 59.0, 119.0),
    (116.0, 90.0, 156.0, 198.0, 373.0, 326.0),
)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its outputs are no maps of the grids.
    """
    given = Parameters(model)
    outputs = given.outputs("outputs")
    strides = given.strides(_STRIDES)
    anchors = given.lists("anchors", len(strides)) or _ANCHORS
    version = given.integer("version", 5, 3, 5)
    selection = Selection(model, given, options)
    given.check()
    if len(anchors) != len(strides) or any(len(each) % 2 for each in anchors):
        raise misfit(
            model, f"there must be pairs of numbers in anchors for {len(strides)} strides"
        )
    counts = [len(each) // 2 for each in anchors]
    size = selection.input_size
    table = Rows(
        model,
        outputs,
        sum(grid.count(size, [s]) * each for s, each in zip(strides, counts, strict=True)),
    )
    selection.check_classes(table.width - 5)
    places, distances, sizes = [], [], []
    for stride, each, count in zip(strides, anchors, counts, strict=True):
        place, distance = grid.cells(size, [stride], count)
        places.append(place)
        distances.append(distance)
        pairs = np.array(each, np.float32).reshape(-1, 2)
        sizes.append(np.tile(pairs, (len(place) // count, 1)))
    cells, steps, shapes = map(np.concatenate, (places, distances, sizes))

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        values = table.read(tensors)
        scores = sigmoid(values[:, 4]) * sigmoid(values[:, 5:].max(axis=1))
        rows = selection.likely(scores)
        chosen = values[rows]
        moved = sigmoid(chosen[:, :2])
        if version == 5:
            moved = 2 * moved - np.float32(0.5)
            extent = np.square(2 * sigmoid(chosen[:, 2:4]))
        else:
            extent = growth(chosen[:, 2:4])
        boxes = corners((cells[rows] + moved) * steps[rows], extent * shapes[rows])
        classes = chosen[:, 5:].argmax(axis=1)
        return selection.report(size, boxes, classes, scores[rows])[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take the maps of three grids, the finest first, with three anchors in each cell."""
    if signature.image is None or len(signature.outputs) != len(_STRIDES):
        return None
    for output, stride in zip(signature.outputs, _STRIDES, strict=True):
        columns, rows = signature.size[0] // stride, signature.size[1] // stride
        if not columns or not rows:
            return None
        width, rest = divmod(math.prod(output.shape), 3 * columns * rows)
        shapes = ((3 * width, rows, columns), (3, rows, columns, width))
        if rest or output.shape[1:] not in shapes or not signature.is_usual(width - 5):
            return None
    parameters = {"outputs": [output.name for output in signature.outputs]}
    because = "maps of three grids with three anchors, taken as those of YOLOv5"
    return Decoder("yolo_heads", parameters, because)
