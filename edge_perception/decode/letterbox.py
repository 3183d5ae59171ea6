"""Where points of a model's input lie in the image that was stretched or letterboxed into it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_perception.decode.detections import Floats
from edge_perception.decode.signature import Described
from edge_perception.runtime.manifest import Preprocess


class Letterbox:
    """
    Maps points of a model's input back to the image, as its preprocessing has mapped the image.

    :ivar input_size: width and height of the model's input [pixel].
    """

    def __init__(self, model: Described) -> None:
        """Take the geometry of a model with a preprocessing; another has the whole image."""
        spec = model.preprocess or Preprocess("")
        self.input_size = input_size(model) if model.preprocess else (1, 1)
        self._keeps_proportions = spec.resize == "letterbox"

    def to_image(self, fractions: npt.NDArray[np.floating], size: tuple[int, int]) -> Floats:
        """
        Return points in pixels of the image, which they may lie outside of.

        :param fractions: of the input's width and height [..., 2].
        :param size: width and height of the image [pixel].
        """
        begin, shown = self._visible(size)
        return np.asarray((fractions - begin) / shown * np.array(size), np.float32)

    def to_input(self, points: npt.NDArray[np.floating], size: tuple[int, int]) -> Floats:
        """Return the fractions of the input's width and height that points of the image are at."""
        begin, shown = self._visible(size)
        return np.asarray(begin + points / np.array(size) * shown, np.float32)

    def cells(self, size: tuple[int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Return the rows and columns of a map of the input that show the image."""
        begin, shown = self._visible(size)
        cells = np.array(shape[::-1])
        first = np.minimum(np.floor(begin * cells + 0.5), cells - 1).astype(int)
        last = np.maximum(np.floor((begin + shown) * cells + 0.5).astype(int), first + 1)
        return slice(first[1], last[1]), slice(first[0], last[0])

    def _visible(
        self, size: tuple[int, int]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return where the image begins in the input, and how far it extends, as fractions."""
        image, inputs = np.array(size), np.array(self.input_size)
        shown = inputs.astype(np.float64)
        if self._keeps_proportions:
            # sizes are rounded half up, and the odd pixel of the padding is at right and bottom
            scale = (inputs / image).min()
            shown = np.maximum(1, np.floor(image * scale + 0.5))
        return np.floor((inputs - shown) / 2) / inputs, shown / inputs


def input_size(model: Described) -> tuple[int, int]:
    """Return width and height of the image input of a model with a preprocessing [pixel]."""
    assert model.preprocess is not None
    image = next(one for one in model.inputs if one.name == model.preprocess.input)
    height, width = image.shape[1:3] if image.layout == "NHWC" else image.shape[2:4]
    return width, height
