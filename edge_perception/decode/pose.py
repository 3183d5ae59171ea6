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
    Makes a detection of points; its box is what they span, its label the model's first.

    Its parameter in the manifest: ``min_score``, the least mean score of the points (default: 0).
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
        self, size: tuple[int, int], fractions: Floats, scores: Floats | None
    ) -> Detections:
        """
        Return the thing; nothing if it is unlikely.

        :param size: width and height of the image [pixel].
        :param fractions: x and y of the points as parts of the model's input [K, 2].
        :param scores: of the points [K]; None: they are certain.
        """
        if scores is not None:
            scores = np.clip(scores, 0, 1)
        score = 1.0 if scores is None else float(scores.mean())
        if score < self._least:
            return Detections()
        points = self._letterbox.to_image(np.clip(fractions, -_FAR, _FAR), size)
        return Detections(
            (self._label,),
            np.zeros(1, np.int32),
            np.array([score], np.float32),
            np.concatenate([points.min(axis=0), points.max(axis=0)])[None],
            points[None],
            landmark_scores=None if scores is None else scores[None],
        )
