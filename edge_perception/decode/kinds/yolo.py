"""
YOLO from version 5 on, as exported with its boxes decoded: centre and size in the model's input.

The output is a table of A candidates, [1, A, V] (versions 5 to 7) or [1, V, A] (8 and later). The
values of a candidate: x, y, width, height; the score that there is something at all, if
``objectness``; a score for each class; x and y of each of its points, and how sure it is of them.

Parameters in the manifest: ``output``, the table (default: the first output); ``values``, its axis
with the values, "first" or "last" (default: the shorter one); ``objectness`` (default: no);
``points``, how many (default: 0); ``point_values``, 3, or 2 without a score (default: 3);
``prototypes``, the output [1, M, h, w] that masks are mixed of (default: none), the last M values
being the shares; ``unit``, "pixel" or "fraction" of the input (default: "pixel"); and those of
`Selection`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.masks import mix
from edge_perception.decode.parameters import misfit, Parameters, read
from edge_perception.decode.selection import corners, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_POINT_VALUES = (2, 3)
_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (16, 32), (4, 8, 16, 32))


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if it has no such output.
    """
    given = Parameters(model)
    table = given.output("output")
    if len(table.shape) != 3 or table.shape[0] != 1:
        raise misfit(model, f"the output {table.name!r} has the shape {list(table.shape)}")
    usual = "first" if table.shape[1] < table.shape[2] else "last"
    axis = 1 if given.text("values", usual, ("first", "last")) == "first" else 2
    objectness = given.flag("objectness", False)
    points = given.integer("points", 0)
    point_values = given.integer("point_values", 3, *_POINT_VALUES)
    prototypes = given.optional_output("prototypes")
    if prototypes is not None and (len(prototypes.shape) != 4 or prototypes.shape[0] != 1):
        raise misfit(model, f"the prototypes have the shape {list(prototypes.shape)}")
    shares = prototypes.shape[1] if prototypes is not None else 0
    pixels = given.text("unit", "pixel", ("pixel", "fraction")) == "pixel"
    selection = Selection(model, given, options)
    given.check()
    first = 4 + objectness
    last = table.shape[axis] - points * point_values - shares  # of the scores of classes
    selection.check_classes(last - first)
    unit = np.array([1, 1] if pixels else selection.input_size, np.float32)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        values = read(tensors, table)[0]
        columns = values if axis == 1 else values.T
        scores = columns[first:last].max(axis=0)
        if objectness:
            scores = scores * columns[4]
        rows = selection.likely(scores)
        chosen = columns[:, rows].T
        landmarks = chosen[:, last : last + points * point_values]
        landmarks = landmarks.reshape(len(rows), points, point_values)
        found, kept = selection.report(
            size,
            corners(chosen[:, :2] * unit, chosen[:, 2:4] * unit),
            chosen[:, first:last].argmax(axis=1),
            scores[rows],
            landmarks[:, :, :2] * unit if points else None,
            np.clip(landmarks[:, :, 2], 0, 1) if points and point_values == 3 else None,
        )
        if prototypes is None or found.boxes is None:
            return found
        boxes = selection.to_input(found.boxes, size)
        masks = mix(read(tensors, prototypes)[0], chosen[kept, -shares:], boxes)
        return replace(found, masks=masks)

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Return how tables of the usual numbers of candidates are read."""
    tables = [one for one in signature.outputs if len(one.shape) == 3]
    others = [one for one in signature.outputs if len(one.shape) == 4]
    if len(tables) != 1 or len(others) > 1 or len(signature.outputs) > 2:
        return None
    candidates, values = max(tables[0].shape[1:]), min(tables[0].shape[1:])
    parameters: dict[str, Any] = {"output": tables[0].name}
    shares = 0
    if others:
        shares = others[0].shape[1]
        parameters["prototypes"] = others[0].name
    if any(candidates == signature.cells(*strides) for strides in _STRIDES):
        # YOLOX has as many candidates in rows, with an objectness: only labels tell them apart
        if tables[0].shape[1] == candidates and not signature.labels:
            return None
        first = 4
    elif any(candidates == 3 * signature.cells(*strides) for strides in _STRIDES):
        first, parameters["objectness"] = 5, True
    else:
        return None
    if not signature.fits(values - first - shares):
        return None
    shown = " x ".join(map(str, signature.size))
    because = f"a table of {candidates} candidates for an input of {shown} pixels"
    return Decoder("yolo", parameters, because)
