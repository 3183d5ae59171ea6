"""
Points of one thing that fills the image, as numbers: PFLD, face meshes, MoveNet.

Parameters in the manifest: ``output``, with the values of the points (default: the first output);
``values`` of a point, a letter each: x, y, s for its score, and any other for what does not matter
(default: "xy"); ``sigmoid``, whether these scores need one (default: no); ``points``, how many are
of interest (default: all); ``presence``, the output with the probability that the thing is there
at all (default: none); ``unit``, "fraction" of the input (the default) or "pixel"; ``min_score``,
the least presence or else mean score of the points (default: 0).
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import sigmoid
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.pose import Pose
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its output has no whole number of points.
    """
    given = Parameters(model)
    output, presence = given.output("output"), given.optional_output("presence")
    values = given.text("values", "xy")
    is_logit = given.flag("sigmoid", False)
    count = given.integer("points", 0)
    is_pixel = given.text("unit", "fraction", ("fraction", "pixel")) == "pixel"
    pose = Pose(model, given, options)
    given.check()
    if [values.count(letter) for letter in "xy"] != [1, 1] or values.count("s") > 1:
        raise misfit(model, f"the values {values!r} of a point need one x and one y, and one s")
    if math.prod(output.shape) % len(values):
        raise misfit(model, f"{output.name!r} {list(output.shape)} has no points of {values}")
    if presence and math.prod(presence.shape) != 1:
        raise misfit(model, f"{presence.name!r} {list(presence.shape)} is no single number")
    at = [values.index("x"), values.index("y")]
    unit = np.array(pose.input_size if is_pixel else (1, 1), np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        points = read(tensors, output).reshape(-1, len(values))[: count or None]
        scores = points[:, values.index("s")] if "s" in values else None
        if is_logit and scores is not None:
            scores = sigmoid(scores)
        likely = float(read(tensors, presence).reshape(-1)[0]) if presence else None
        return pose.report(size, points[:, at] / unit, scores, likely)

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take the table of MoveNet; other numbers may mean anything."""
    if [one.shape for one in signature.outputs] != [(1, 1, 17, 3)]:
        return None
    parameters = {"output": signature.outputs[0].name, "values": "yxs"}
    return Decoder("landmarks", parameters, "17 points with y, x and score, as MoveNet has")
