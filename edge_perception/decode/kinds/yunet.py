"""
YuNet, a face detector with five points: an output for each of four things and three grids.

For each cell: ``cls``, whether there is a face; ``obj``, whether the box is good; ``bbox``, how
far its centre is from the cell and the logarithm of its size, in strides; ``kps``, how far eyes,
nose and corners of the mouth are from the cell. Wu et al., "YuNet: A Tiny Millisecond-level Face
Detector".

Parameters in the manifest: ``classes``, ``scores``, ``boxes``, ``landmarks``: the outputs of each
kind, one a grid (default: those that are called cls_8, obj_8, bbox_8, kps_8 and so on);
``strides`` (default: 8, 16, 32); and those of `Selection`.
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, grid, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import growth
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.rows import Rows
from edge_perception.decode.selection import corners, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_STRIDES = (8, 16, 32)
_KINDS = {"classes": "cls", "scores": "obj", "boxes": "bbox", "landmarks": "kps"}
_WIDTHS = (1, 1, 4, 10)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it lacks an output, or one has not a row for each cell.
    """
    given = Parameters(model)
    strides = given.strides(_STRIDES)
    outputs = [
        given.outputs(parameter, [f"{name}_{stride}" for stride in strides])
        for parameter, name in _KINDS.items()
    ]
    selection = Selection(model, given, options, min_score=0.6, iou=0.3)
    given.check()
    selection.check_classes(1)
    count = grid.count(selection.input_size, strides)
    kinds = [Rows(model, each, count) for each in outputs]
    if tuple(rows.width for rows in kinds) != _WIDTHS:
        raise misfit(model, f"its outputs have not {_WIDTHS} values for each of {count} cells")
    places, distances = grid.cells(selection.input_size, strides)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        face, good, boxes, points = (rows.read(tensors) for rows in kinds)
        scores = np.sqrt(np.clip(face[:, 0], 0, 1) * np.clip(good[:, 0], 0, 1))
        rows = selection.likely(scores)
        place, stride = places[rows], distances[rows]
        box = boxes[rows]
        landmarks = points[rows].reshape(-1, 5, 2) + place[:, None]
        return selection.report(
            size,
            corners((place + box[:, :2]) * stride, growth(box[:, 2:]) * stride),
            np.zeros(len(rows), np.intp),
            scores[rows],
            landmarks * stride[:, None],
        )[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take twelve outputs with YuNet's names."""
    names = {f"{name}_{stride}" for name in _KINDS.values() for stride in _STRIDES}
    if {output.name for output in signature.outputs} != names or not signature.fits(1):
        return None
    return Decoder("yunet", because="the twelve outputs of YuNet, cls_8 to kps_32")
