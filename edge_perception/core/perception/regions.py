"""The regions of an image that a model is shown: which things, and how they are cut out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_perception.core.labels import matches
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Indices
from edge_perception.decode.letterbox import input_size
from edge_perception.runtime.manifest import Model


class Regions:
    """
    Chooses things, and gives the affine maps from a model's input to the image around each.

    A thing that was aligned is shown as it was aligned, any other by its box. Where the model
    wants pictures in their proportions ("letterbox"), the box is widened to those of its input, so
    that it sees what is around and no padding; else the box is stretched.
    """

    parameters = (
        Parameter("of", ["*"], "Labels of the things that are looked at; * stands for any text."),
        Parameter(
            "most",
            16,
            "The greatest number of things in an image, those with the highest scores.",
            minimum=1,
            maximum=1000,
        ),
        Parameter(
            "margin",
            0.0,
            "How far the region goes beyond the box on each side, in widths and heights of it.",
            minimum=-0.4,
            maximum=4.0,
        ),
    )

    def __init__(self, options: Parameters, model: Model) -> None:
        self._labels = [pattern.lower() for pattern in options.texts("of")]
        self._most = options.integer("most")
        self._margin = options.number("margin")
        assert model.preprocess is not None
        self._keeps_proportions = model.preprocess.resize == "letterbox"
        self._model = model.name
        self._width, self._height = input_size(model)

    def choose(self, found: Detections) -> Indices:
        """Return the things of those labels that have a place in the image."""
        placed = _finite(found.boxes, len(found)) | _finite(found.regions, len(found))
        chosen = [i for i in np.flatnonzero(placed) if self._wants(found.labels[i])]
        return np.array(chosen[: self._most], np.intp)

    def maps(self, found: Detections, chosen: Indices) -> npt.NDArray[np.float64]:
        """
        Return the affine maps from pixels of the model's input to pixels of the image [N, 2, 3].

        :raises DecodeError: if a thing is aligned, but the model's input is no square.
        """
        units = np.empty((len(chosen), 2, 3))
        if found.boxes is not None:
            units[:] = self._around(found.boxes[chosen].astype(np.float64))
        if found.regions is not None:
            aligned = _finite(found.regions, len(found))[chosen]
            if aligned.any() and self._width != self._height:
                raise DecodeError(
                    f"the model {self._model} can't be shown aligned things: its input is "
                    f"{self._width} x {self._height} pixels, no square"
                )
            units[aligned] = found.regions[chosen][aligned]
        return units / [self._width, self._height, 1]

    def _wants(self, label: str) -> bool:
        return matches(label, *self._labels)

    def _around(self, boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the maps from the unit square to boxes [N, 4] with their margins."""
        size = (boxes[:, 2:] - boxes[:, :2]) * (1 + 2 * self._margin)
        if self._keeps_proportions:
            inputs = np.array([self._width, self._height])
            size = (size / inputs).max(axis=1, keepdims=True) * inputs
        maps = np.zeros((len(boxes), 2, 3))
        maps[:, 0, 0], maps[:, 1, 1] = size.T
        maps[:, :, 2] = (boxes[:, :2] + boxes[:, 2:] - size) / 2
        return maps


def _finite(values: npt.NDArray[np.floating] | None, count: int) -> npt.NDArray[np.bool_]:
    """Return which of so many things have a value; None: none of them."""
    if values is None:
        return np.zeros(count, np.bool_)
    return np.asarray(np.isfinite(values).reshape(count, -1 if count else 0).all(axis=1), np.bool_)
