"""
YOLOX as exported without its last step: boxes are relative to the cells of three grids.

Each of A cells has 5 + C values: how far the centre is from the cell, and the logarithm of
width and height, all in strides; the score that there is something at all; one for each class.
Ge et al., "YOLOX: Exceeding YOLO Series in 2021".

Parameters in the manifest: ``outputs``, those with the rows, see `Rows` (default: all);
``strides`` (default: 8, 16, 32); and those of `Selection`.
"""

from __future__ import annotations

from edge_perception.decode import Decode, grid, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import growth
from edge_perception.decode.parameters import Parameters
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import corners, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_STRIDES = (8, 16, 32)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    outputs = given.outputs("outputs")
    strides = given.strides(_STRIDES)
    selection = Selection(model, given, options)
    given.check()
    table = Rows(model, outputs, grid.count(selection.input_size, strides))
    selection.check_classes(table.width - 5)
    places, distances = grid.cells(selection.input_size, strides)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        values = table.read(tensors)
        scores = values[:, 4] * values[:, 5:].max(axis=1)
        rows = selection.likely(scores)
        chosen, stride = values[rows], distances[rows]
        boxes = corners((chosen[:, :2] + places[rows]) * stride, growth(chosen[:, 2:4]) * stride)
        classes = chosen[:, 5:].argmax(axis=1)
        return selection.report(size, boxes, classes, scores[rows])[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take a table with a row for each cell of three grids, of which one value is no class."""
    if len(signature.outputs) != 1 or signature.image is None:
        return None
    (table,) = signature.outputs
    rows = signature.cells(*_STRIDES)
    if len(table.shape) != 3 or table.shape[:2] != (1, rows) or table.shape[2] >= rows:
        return None
    if not signature.fits(table.shape[2] - 5):
        return None
    because = f"a row for each of the {rows} cells of the input"
    return Decoder("yolox", {"outputs": [table.name]}, because)
