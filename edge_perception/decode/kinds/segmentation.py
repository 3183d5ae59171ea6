"""
The class of each pixel: each class that the image has is a detection with a mask.

Its box is what the mask spans, its score the mean of the scores there.

Parameters in the manifest: ``output``, the scores [1, C, h, w], or class numbers [1, h, w] or
[1, 1, h, w] if they are integers (default: the first output); ``activation`` that the scores
need, "none" (the default), "sigmoid" or "softmax"; ``min_score``, below which a pixel is of no
class (default: 0.5 with a single class, else 0); ``background``, the number of the class that is
nothing (default: -1, none is); ``least``, the part of the image that a class must cover (default:
0.001); ``top`` (default: 20).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections, Floats, Mask
from edge_perception.decode.functions import sigmoid, softmax
from edge_perception.decode.letterbox import Letterbox
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.selection import label
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda scores: scores,
    "sigmoid": sigmoid,
    "softmax": lambda scores: softmax(scores, 0),
}


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    output = given.output("output")
    activate = _ACTIVATIONS[given.text("activation", "none", tuple(_ACTIVATIONS))]
    background = given.integer("background", -1, -1)
    covered = given.number("least", 0.001, 0, 1)
    top = given.integer("top", 20, 1)
    is_index = not output.form.type.is_float
    shape = output.shape if len(output.shape) == 4 else (1, *output.shape)
    single = not is_index and shape[1] == 1
    least = given.number("min_score", 0.5 if single else 0, 0, 1)
    given.check()
    if len(shape) != 4 or shape[0] != 1 or (is_index and shape[1] != 1):
        raise misfit(model, f"the output {output.name!r} has the shape {list(output.shape)}")
    classes = len(model.labels) if is_index else shape[1]
    if model.labels and len(model.labels) != classes:
        raise misfit(model, f"it has {len(model.labels)} labels, but maps of {classes} classes")
    letterbox = Letterbox(model)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        maps = read(tensors, output).reshape(shape[1:])
        if is_index:
            numbers, scores = maps[0].astype(np.int64), np.ones(shape[2:], np.float32)
        else:
            maps = activate(maps)
            numbers, scores = maps.argmax(axis=0), maps.max(axis=0)
        rows, columns = letterbox.cells(size, shape[2:])
        numbers, scores = numbers[rows, columns], scores[rows, columns]
        sure = scores >= (options.min_score or least)
        regions = []
        for number in np.unique(numbers[sure]).tolist():
            mask = (numbers == number) & sure
            if number != background and mask.mean() >= covered:
                regions.append((float(scores[mask].mean()), number, mask))
        regions.sort(key=lambda region: -region[0])
        return _detections(model, regions[: options.top or top], size)

    return decode


def _detections(
    model: Described, regions: list[tuple[float, int, Mask]], size: tuple[int, int]
) -> Detections:
    """Return detections of regions: score, class, and a mask of the whole image."""
    boxes, masks = [], []
    for _, _, mask in regions:
        rows, columns = _span(mask, 0), _span(mask, 1)
        height, width = mask.shape
        x, y = size[0] / width, size[1] / height
        boxes.append([columns.start * x, rows.start * y, columns.stop * x, rows.stop * y])
        masks.append(mask[rows, columns])
    return Detections(
        tuple(label(model.labels, number) for _, number, _ in regions),
        np.array([number for _, number, _ in regions], np.int32),
        np.array([min(1.0, max(0.0, score)) for score, _, _ in regions], np.float32),
        np.array(boxes, np.float32).reshape(-1, 4),
        masks=masks,
    )


def _span(mask: Mask, axis: int) -> slice:
    """Return from the first to the last row or column with something true."""
    indices = np.nonzero(mask)[axis]
    return slice(int(indices.min()), int(indices.max()) + 1)


def recognise(signature: Signature) -> Decoder | None:
    """Take the only output if it has a map for each label, of some of the input's pixels."""
    if len(signature.outputs) != 1 or signature.image is None:
        return None
    (output,) = signature.outputs
    if len(output.shape) != 4 or output.shape[:2] != (1, len(signature.labels)):
        return None
    if 1 in output.shape[2:]:
        return None
    parameters: dict[str, Any] = {"output": output.name}
    if not signature.is_probability(output.name):
        parameters["activation"] = "softmax" if len(signature.labels) > 1 else "sigmoid"
    return Decoder("segmentation", parameters, f"a map for each of {len(signature.labels)} labels")
