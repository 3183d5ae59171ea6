"""Which candidates of a detector are reported: likely ones, the best of those that overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_perception.decode import Options
from edge_perception.decode.detections import Detections, Floats, Indices
from edge_perception.decode.letterbox import Letterbox
from edge_perception.decode.parameters import misfit, Parameters
from edge_perception.decode.signature import Described
from edge_perception.runtime.manifest import Tensor

_CANDIDATES = 1000
"""That are compared with each other; a model that is sure of more is broken."""
_FAR = 1e6
"""Pixels: a box is cut there, so that its area is a number."""


class Selection:
    """
    What becomes of the candidates of a detector.

    Parameters in the manifest: ``min_score``, the least score (default: 0.25 if the decoder says
    nothing else); ``iou``, the intersection over union above which the less likely of two boxes is
    left out (1: none is; default: 0.45, also); ``agnostic``, whether that holds for boxes of
    different classes, too (default: no); ``top``, the greatest number of detections (default:
    100).
    """

    def __init__(
        self,
        model: Described,
        given: Parameters,
        options: Options,
        *,
        min_score: float = 0.25,
        iou: float = 0.45,
    ) -> None:
        """
        Read the parameters.

        :param min_score: the default; iou: also.
        """
        self._model = model
        self._letterbox = Letterbox(model)
        least = given.number("min_score", min_score, 0, 1)
        self._least = options.min_score or least
        top = given.integer("top", 100, 1, _CANDIDATES)
        self._top = options.top or top
        self._iou = given.number("iou", iou, 0, 1)
        self._agnostic = given.flag("agnostic", False)

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the model's input [pixel]."""
        return self._letterbox.input_size

    def cell(self, maps: Tensor) -> Floats:
        """Return width and height [2] of a cell of maps [1, C, h, w] in pixels of the input."""
        cells = np.array(maps.shape[:1:-1])
        return np.asarray(np.array(self.input_size) / cells, np.float32)

    def check_classes(self, count: int) -> None:
        """
        Compare the number of scores that a candidate has with that of the labels.

        :raises DecodeError: if it is another one.
        """
        labels = len(self._model.labels)
        if count < 1 or (labels and count != labels):
            raise misfit(self._model, f"it has {labels} labels, but scores of {count} classes")

    def likely(self, scores: Floats) -> Indices:
        """Return the candidates whose score [A] is high enough, the best first."""
        return best(scores, self.possible(scores))

    def possible(self, scores: Floats) -> Indices:
        """Return all candidates whose score [A] is high enough."""
        return np.flatnonzero(scores >= self._least)

    def report(
        self,
        size: tuple[int, int],
        boxes: Floats,
        classes: npt.NDArray[np.integer],
        scores: Floats,
        landmarks: Floats | None = None,
        landmark_scores: Floats | None = None,
    ) -> tuple[Detections, Indices]:
        """
        Return detections, and which of the candidates they are.

        Boxes are cut to the image; what lies in the padding around it is left out. Points stay
        where the model has them, outside of the image, too: moved to its edge they would mislead.

        :param size: width and height of the image [pixel].
        :param boxes: left, top, right and bottom edge in pixels of the model's input [M, 4].
        :param classes: of the M candidates, which come by falling score.
        :param landmarks: x and y of K points in pixels of the model's input [M, K, 2].
        """
        boxes = np.clip(boxes, -_FAR, _FAR)
        placed = np.clip(self._place(boxes.reshape(-1, 2, 2), size), 0, np.array(size, np.float32))
        placed = placed.reshape(-1, 4)
        seen = (placed[:, :2] < placed[:, 2:]).all(axis=1)
        rows = np.flatnonzero(seen)
        groups = np.zeros(len(rows), np.intp) if self._agnostic else classes[rows]
        rows = rows[distinct(boxes[rows], groups, self._iou, self._top)]
        points = None
        if landmarks is not None:
            points = self._place(np.clip(landmarks[rows], -_FAR, _FAR), size)
        found = Detections(
            tuple(label(self._model.labels, index) for index in classes[rows].tolist()),
            classes[rows].astype(np.int32),
            np.clip(scores[rows], 0, 1),
            placed[rows],
            points,
            landmark_scores=None if landmark_scores is None else landmark_scores[rows],
        )
        return found, rows

    def to_input(self, boxes: Floats, size: tuple[int, int]) -> Floats:
        """Return boxes [N, 4] of an image of that width and height as fractions of the input."""
        return self._letterbox.to_input(boxes.reshape(-1, 2, 2), size).reshape(-1, 4)

    def _place(self, points: Floats, size: tuple[int, int]) -> Floats:
        fractions = np.asarray(points / np.array(self.input_size), np.float32)
        return self._letterbox.to_image(fractions, size)


def best(scores: Floats, rows: Indices) -> Indices:
    """Return the rows with the highest scores, as many as may be compared, the best first."""
    return rows[np.argsort(-scores[rows], kind="stable")[:_CANDIDATES]]


def distinct(boxes: Floats, groups: npt.NDArray[np.integer], iou: float, most: int) -> Indices:
    """
    Return the boxes that no better one of their group covers, at most so many: greedy NMS.

    :param boxes: left, top, right, bottom [N, 4], the best first.
    :param iou: intersection over union above which the worse of two is left out.
    """
    rest = np.arange(len(boxes))
    kept: list[np.intp] = []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    while len(rest) and len(kept) < most:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[best] + areas[rest] - common
        rest = rest[(common <= iou * union) | (groups[rest] != groups[best])]
    return np.array(kept, np.intp)


def corners(centres: Floats, sizes: Floats) -> Floats:
    """Return left, top, right and bottom [N, 4] of boxes with those centres and sizes [N, 2]."""
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def pairs(values: Floats) -> Floats:
    """Return x and y of K points [M, K, 2], which stand one after the other in [M, 2 K]."""
    return values.reshape(len(values), values.shape[1] // 2, 2)


def label(labels: tuple[str, ...], index: int) -> str:
    """Return the text of a class."""
    return labels[index] if 0 <= index < len(labels) else f"class {index}"
