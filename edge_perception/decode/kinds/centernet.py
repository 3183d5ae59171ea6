"""
CenterNet: things are peaks of a map of scores, the rest stands in other maps at the same place.

Zhou et al., "Objects as Points".

Parameters in the manifest: ``scores``, the map [1, C, h, w]; ``sizes``, ``offsets``, the maps
[1, 2, h, w] of width and height and of the distance of the centre from its cell, all in cells
(default: the first three outputs); ``landmarks``, [1, 2 K, h, w], x and y of points from the cell
(default: none); ``sigmoid``, whether scores need one (default: no); and those of `Selection`
(``iou`` is 1 by default: of neighbours, only the peak is taken anyway).
"""

from __future__ import annotations

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections
from edge_perception.decode.functions import sigmoid
from edge_perception.decode.parameters import check_maps, misfit, Parameters, read
from edge_perception.decode.peaks import Peaks
from edge_perception.decode.selection import corners, pairs, Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its maps have different sizes.
    """
    given = Parameters(model)
    scores, sizes, offsets = (
        given.output(name, position)
        for position, name in enumerate(("scores", "sizes", "offsets"))
    )
    landmarks = given.optional_output("landmarks")
    is_logit = given.flag("sigmoid", False)
    selection = Selection(model, given, options, min_score=0.3, iou=1)
    given.check()
    check_maps(model, [scores, sizes, offsets, *([landmarks] if landmarks else [])])
    if sizes.shape[1] != 2 or offsets.shape[1] != 2 or (landmarks and landmarks.shape[1] % 2):
        raise misfit(model, "sizes and offsets need 2 channels, landmarks 2 for each point")
    selection.check_classes(scores.shape[1])
    cell = selection.cell(scores)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        heat = read(tensors, scores)[0]
        peaks = Peaks(sigmoid(heat) if is_logit else heat, selection)
        centres = (peaks.cells + peaks.values(read(tensors, offsets)[0])) * cell
        boxes = corners(centres, peaks.values(read(tensors, sizes)[0]) * cell)
        points = None
        if landmarks:
            distances = pairs(peaks.values(read(tensors, landmarks)[0]))
            points = (peaks.cells[:, None] + distances) * cell
        return selection.report(size, boxes, peaks.classes, peaks.scores, points)[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take a map of scores beside two of 2 channels, named as in CenterNet."""
    maps = {name: _named(signature, name) for name in ("hm", "wh", "reg")}
    if len(signature.outputs) != 3 or not all(maps.values()):
        return None
    parameters = dict(zip(("scores", "sizes", "offsets"), maps.values(), strict=True))
    is_logit = not signature.is_probability(maps["hm"])
    because = f"the outputs {', '.join(maps.values())} of CenterNet"
    return Decoder("centernet", {**parameters, "sigmoid": is_logit}, because)


def _named(signature: Signature, name: str) -> str:
    """Return the output of that name, empty if there is none."""
    return next((one.name for one in signature.outputs if one.name == name), "")
