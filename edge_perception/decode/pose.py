"""The points of one thing, as the only detection."""

from __future__ import annotations

import numpy as np

from edge_perception.decode import Options
from edge_perception.decode.detections import Detections, Floats
from edge_perception.decode.letterbox import Letterbox
from edge_perception.decode.parameters import Parameters
from edge_perception.decode.signature import Described

_FAR = 1e3  # sizes of the input


class Pose:
    """
    Makes a detection of points.

    Its box is what they span of the image, its label the model's first.

    Its parameter in the manifest: ``min_score``, its least score (default: 0).
    """

    def __init__(self, model: Described, given: Parameters, options: Options) -> None:
        least = given.number("min_score", 0, 0, 1)
        self._least = options.min_score or least
        self._letterbox = Letterbox(model)
        self._label = model.labels[0] if model.labels else model.name

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the model's input [pixel]."""
        return self._letterbox.input_size

    def report(
        self,
        size: tuple[int, int],
        fractions: Floats,
        scores: Floats | None,
        presence: float | None = None,
    ) -> Detections:
        """
        Return the thing; nothing if it is unlikely.

        :param size: width and height of the image [pixel].
        :param fractions: x and y of the points as parts of the model's input [K, 2].
        :param scores: of the points [K]; None: they are certain.
        :param presence: how likely there is such a thing; None: the mean score of the points.
        """
        if scores is not None:
            scores = np.clip(scores, 0, 1)
        if presence is None:
            presence = 1.0 if scores is None else float(scores.mean())
        score = min(1.0, max(0.0, presence))
        count = 1 if score >= self._least else 0
        points = self._letterbox.to_image(np.clip(fractions, -_FAR, _FAR), size)[None][:count]
        spanned = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        return Detections(
            (self._label,) * count,
            np.zeros(count, np.int32),
            np.full(count, score, np.float32),
            np.clip(spanned, 0, np.array(size * 2, np.float32)),
            points,
            landmark_scores=None if scores is None else scores[None][:count],
        )
