"""
Points of one thing that fills the image, as numbers: PFLD, face meshes, MoveNet.

Parameters in the manifest: ``output``, with the values of K points (default: the first output);
``values`` of a point: "xy" (the default), "xyz", "yxs" or "xys", s being its score; ``unit``,
"fraction" of the input (the default) or "pixel"; ``min_score``, the least mean score of the points
(default: 0).
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.pose import Pose
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_VALUES = ("xy", "xyz", "yxs", "xys")


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its output has no whole number of points.
    """
    given = Parameters(model)
    output = given.output("output")
    values = given.text("values", "xy", _VALUES)
    is_pixel = given.text("unit", "fraction", ("fraction", "pixel")) == "pixel"
    pose = Pose(model, given, options)
    given.check()
    if math.prod(output.shape) % len(values):
        raise misfit(model, f"{output.name!r} {list(output.shape)} has no points of {values}")
    at = [values.index("x"), values.index("y")]
    unit = np.array(pose.input_size if is_pixel else (1, 1), np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        points = read(tensors, output).reshape(-1, len(values))
        scores = points[:, values.index("s")] if "s" in values else None
        return pose.report(size, points[:, at] / unit, scores)

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take the table of MoveNet; other numbers may mean anything."""
    if [one.shape for one in signature.outputs] != [(1, 1, 17, 3)]:
        return None
    parameters = {"output": signature.outputs[0].name, "values": "yxs"}
    return Decoder("landmarks", parameters, "17 points with y, x and score, as MoveNet has")
