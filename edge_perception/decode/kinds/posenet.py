"""
PoseNet: the points of persons, as maps of scores, and where the next joint is from each.

Peaks of the maps are where persons begin; from a peak, displacements lead from joint to joint.
Papandreou et al., "PersonLab", 2018; the joints are COCO's, in its order.

Parameters in the manifest: ``scores``, [1, 17, h, w], before their sigmoid; ``offsets``,
[1, 34, h, w]: how far below and to the right of its cell's corner a point is [pixel of the
input]; ``forward``, ``backward``, [1, 32, h, w]: how far away the joint at the other end of a limb
is, from its first joint and from its last one (default: the four outputs in this order);
``radius``, within which two persons don't have the same joint [pixel of the input] (default: 20);
and those of `Selection`.
"""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Decode, Options, Tensors
from edge_perception.decode.detections import Detections, Floats, Indices, Mask
from edge_perception.decode.functions import sigmoid
from edge_perception.decode.parameters import check_maps, misfit, Parameters, read
from edge_perception.decode.peaks import Peaks
from edge_perception.decode.selection import Selection
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.manifest import Decoder

_MAPS = ("scores", "offsets", "forward", "backward")
_JOINTS = 17
_CHANNELS = (_JOINTS, 34, 32, 32)
_LEFT = ((0, 1), (1, 3), (0, 5), (5, 7), (7, 9), (5, 11), (11, 13), (13, 15))
_RIGHT = ((0, 2), (2, 4), (0, 6), (6, 8), (8, 10), (6, 12), (12, 14), (14, 16))
LIMBS = (*_LEFT[:2], *_RIGHT[:2], *_LEFT[2:], *_RIGHT[2:])
"""The joints at both ends of each, from the nose outwards."""
_FAR = 1e5
"""Pixels: no joint is farther away."""
_REFINEMENTS = 2


def make(model: Described, options: Options) -> Decode:
    """
    Check the model and return its decoder.

    :raises DecodeError: if its maps have other sizes than these joints and limbs need.
    """
    given = Parameters(model)
    maps = [given.output(name, position) for position, name in enumerate(_MAPS)]
    selection = Selection(model, given, options, iou=1)
    radius = given.number("radius", 20, 0, _FAR)
    given.check()
    check_maps(model, maps)
    if (channels := tuple(one.shape[1] for one in maps)) != _CHANNELS:
        raise misfit(model, f"its maps have {channels} channels, expected {_CHANNELS}")
    selection.check_classes(1)
    cells = np.array(maps[0].shape[:1:-1])
    stride = (np.array(selection.input_size) - 1) / np.maximum(cells - 1, 1)

    def decode(tensors: Tensors, size: tuple[int, int]) -> Detections:
        logits, *moves = (read(tensors, one)[0] for one in maps)
        persons = _Persons(sigmoid(logits), moves, stride.astype(np.float32))
        peaks = Peaks(persons.heat, selection)
        points, scores = persons.grow(peaks)
        rows, own = _distinct(points, scores, peaks.classes, radius)
        order = selection.likely(own)
        points, scores = points[rows[order]], scores[rows[order]]
        # the best of them is at least as likely as all are on the average
        likely = scores >= np.minimum(scores.max(axis=1, keepdims=True), 0.5)
        boxes = _spanned(points, likely)
        classes = np.zeros(len(order), np.intp)
        return selection.report(size, boxes, classes, own[order], points, scores)[0]

    return decode


def recognise(signature: Signature) -> Decoder | None:
    """Take nothing: shapes don't say which displacements lead forward."""
    return None


class _Persons:
    """
    What the network says of joints.

    :ivar heat: scores of joints [17, h, w].
    """

    def __init__(self, heat: Floats, moves: list[Floats], stride: Floats) -> None:
        """
        Take maps that have y of all, then x of all.

        :param moves: offsets, forward and backward displacements [2 K, h, w].
        :param stride: width and height of a cell in pixels of the input.
        """
        self.heat, self._stride = heat, stride
        self._limit = np.array(heat.shape[:0:-1]) - 1
        self._offsets, self._forward, self._backward = (
            np.clip(one, -_FAR, _FAR).reshape(2, -1, *one.shape[1:])[::-1] for one in moves
        )

    def grow(self, peaks: Peaks) -> tuple[Floats, Floats]:
        """Return the points [M, 17, 2] of the person at each peak, and their scores [M, 17]."""
        every = np.arange(len(peaks.classes))
        points = np.zeros((len(every), _JOINTS, 2), np.float32)
        known = np.zeros((len(every), _JOINTS), np.bool_)
        known[every, peaks.classes] = True
        column, row = peaks.cells.astype(np.intp).T
        offsets = self._offsets[:, peaks.classes, row, column].T
        points[every, peaks.classes] = peaks.cells * self._stride + offsets
        for limb, (first, last) in reversed(list(enumerate(LIMBS))):
            self._follow(points, known, last, first, self._backward[:, limb])
        for limb, (first, last) in enumerate(LIMBS):
            self._follow(points, known, first, last, self._forward[:, limb])
        scores = [self._at(self.heat[None, j], points[:, j])[:, 0] for j in range(_JOINTS)]
        return points, np.stack(scores, axis=1)

    def _follow(
        self, points: Floats, known: Mask, source: int, target: int, displacements: Floats
    ) -> None:
        """Place a joint of the persons that have its neighbour and lack it."""
        rows = np.flatnonzero(known[:, source] & ~known[:, target])
        begin = points[rows, source]
        end = begin + self._at(displacements, begin)
        for _ in range(_REFINEMENTS):
            offsets = self._at(self._offsets[:, target], end)
            end = self._cells(end) * self._stride + offsets
        points[rows, target] = end
        known[rows, target] = True

    def _cells(self, points: Floats) -> Indices:
        """Return column and row [M, 2] of the cells nearest to points."""
        return np.asarray(np.clip(np.rint(points / self._stride), 0, self._limit), np.intp)

    def _at(self, maps: Floats, points: Floats) -> Floats:
        """Return what maps [V, h, w] say at points [M, V]."""
        column, row = self._cells(points).T
        return np.asarray(maps[:, row, column].T, np.float32)


def _distinct(
    points: Floats, scores: Floats, roots: Indices, radius: float
) -> tuple[Indices, Floats]:
    """
    Return the persons whose root isn't that joint of one before them, and their scores.

    A person's score is the mean of its joints', where those that one before has count nothing.
    """
    kept: list[int] = []
    own: list[np.float32] = []
    for row, root in enumerate(roots.tolist()):
        away = points[kept] - points[row]
        taken = (np.square(away).sum(axis=2) <= radius**2).any(axis=0)
        if not taken[root]:
            kept.append(row)
            own.append(np.where(taken, np.float32(0), scores[row]).mean())
    return np.array(kept, np.intp), np.array(own, np.float32)


def _spanned(points: Floats, likely: Mask) -> Floats:
    """Return the boxes [M, 4] of the likely ones of points [M, K, 2]."""
    far = np.float32(np.inf)
    low = np.where(likely[..., None], points, far).min(axis=1)
    high = np.where(likely[..., None], points, -far).max(axis=1)
    return np.concatenate([low, high], axis=1)
