"""
CenterFace: faces are peaks of a map of scores, with the logarithms of their sizes and five points.

Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point".

Parameters in the manifest: ``scores``, the map [1, 1, h, w]; ``sizes``, ``offsets``,
[1, 2, h, w]: the logarithms of height and width in cells, and how far below and to the right of
the cell's middle the centre is; ``landmarks``, [1, 10, h, w]: y and x of points as parts of the
box (default: the four outputs in this order); and those of `Selection`.
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import growth
from edge_perception.decode.parameters import check_maps, misfit, Parameters, read
from edge_perception.decode.peaks import Peaks
from edge_perception.decode.selection import corners, pairs, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_MAPS = ("scores", "sizes", "offsets", "landmarks")
_CHANNELS = (1, 2, 2, 10)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its maps have different sizes.
    """
    given = Parameters(model)
    maps = [given.output(name, position) for position, name in enumerate(_MAPS)]
    selection = Selection(model, given, options, min_score=0.5, iou=0.3)
    given.check()
    check_maps(model, maps)
    if (channels := tuple(one.shape[1] for one in maps)) != _CHANNELS:
        raise misfit(model, f"its maps have {channels} channels, expected {_CHANNELS}")
    selection.check_classes(1)
    cell = selection.cell(maps[0])

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        scores, sizes, offsets, landmarks = (read(tensors, one)[0] for one in maps)
        peaks = Peaks(scores, selection)
        extent = growth(peaks.values(sizes)[:, ::-1]) * cell
        centres = (peaks.cells + peaks.values(offsets)[:, ::-1] + np.float32(0.5)) * cell
        boxes = corners(centres, extent)
        parts = pairs(peaks.values(landmarks))[:, :, ::-1]
        points = boxes[:, None, :2] + parts * extent[:, None]
        return selection.report(size, boxes, peaks.classes, peaks.scores, points)[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take four maps of the same size with CenterFace's numbers of channels, in its order."""
    shapes = [output.shape for output in signature.outputs]
    if [shape[:2] for shape in shapes] != [(1, channels) for channels in _CHANNELS]:
        return None
    if len({shape[2:] for shape in shapes}) != 1 or len(shapes[0]) != 4 or not signature.fits(1):
        return None
    parameters = dict(zip(_MAPS, (one.name for one in signature.outputs), strict=True))
    because = "maps of scores, sizes, offsets and five points, as CenterFace has"
    return Decoder("centerface", parameters, because)
