"""
Points of one thing that fills the image, x and y apart, as scores of narrow bins: SimCC, RTMPose.

Li et al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation".

Parameters in the manifest: ``x``, ``y``: the outputs [1, K, bins] (default: the first two);
``min_score``, the least mean score of the points (default: 0).
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.pose import Pose
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its outputs are not of as many points.
    """
    given = Parameters(model)
    outputs = given.output("x"), given.output("y", 1)
    pose = Pose(model, given, options)
    given.check()
    if any(len(one.shape) != 3 or one.shape[:2] != outputs[0].shape[:2] for one in outputs):
        shapes = " and ".join(str(list(one.shape)) for one in outputs)
        raise misfit(model, f"{shapes} are no bins for x and y of as many points")
    bins = np.array([one.shape[2] for one in outputs], np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        lines = [read(tensors, one)[0] for one in outputs]
        places = np.stack([line.argmax(axis=1) for line in lines], axis=1)
        scores = np.minimum(lines[0].max(axis=1), lines[1].max(axis=1))
        return pose.report(size, np.asarray(places / bins, np.float32), scores)

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take two tables of as many points, with the same whole number of bins for each pixel."""
    if len(signature.outputs) != 2 or signature.image is None:
        return None
    x, y = signature.outputs
    if len(x.shape) != 3 or x.shape[:2] != y.shape[:2] or x.shape[0] != 1:
        return None
    width, height = signature.size
    each, rest = divmod(x.shape[2], width)
    if rest or not each or y.shape[2] != each * height:
        return None
    because = f"{each} bins a pixel for x and y of {x.shape[1]} points"
    return Decoder("simcc", {"x": x.name, "y": y.name}, because)
