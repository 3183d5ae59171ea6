"""
Points of one thing that fills the image, as a map of scores for each: SimpleBaseline, HRNet.

A point is the highest place of its map, moved by a quarter of a cell towards the higher neighbour.
Xiao et al., "Simple Baselines for Human Pose Estimation and Tracking".

Parameters in the manifest: ``output``, the maps [1, K, h, w] (default: the first output);
``sigmoid``, whether scores need one (default: no); ``min_score``, the least mean score of the
points (default: 0).
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections, Floats, Indices
from edge_perception.decode.functions import sigmoid
from edge_perception.decode.parameters import check_maps, Parameters, read
from edge_perception.decode.pose import Pose
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_QUARTER = np.float32(0.25)


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    maps = given.output("output")
    is_logit = given.flag("sigmoid", False)
    pose = Pose(model, given, options)
    given.check()
    check_maps(model, [maps])
    width = maps.shape[3]
    cells = np.array(maps.shape[:1:-1], np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        heat = read(tensors, maps)[0]
        flat = heat.reshape(len(heat), -1)
        best = flat.argmax(axis=1)
        row, column = np.divmod(best, width)
        every = np.arange(len(heat))
        x = _refined(heat[every, row], column)
        y = _refined(heat[every, :, column], row)
        scores = flat[every, best]
        fractions = (np.stack([x, y], axis=1) + np.float32(0.5)) / cells
        return pose.report(size, fractions, sigmoid(scores) if is_logit else scores)

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take nothing: maps of points look like those of classes."""
    return None


def _refined(lines: Floats, peaks: Indices) -> Floats:
    """Return peaks [K] of lines [K, n], moved a quarter towards the higher neighbour."""
    every = np.arange(len(lines))
    padded = np.pad(lines, ((0, 0), (1, 1)), "edge")
    moved = _QUARTER * np.sign(padded[every, peaks + 2] - padded[every, peaks])
    return np.asarray(peaks + moved, np.float32)
