"""Where points of a model's input lie in the image that was stretched or letterboxed into it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_perception.decode.detections import Floats
from edge_perception.runtime.manifest import Model, Preprocess


class Letterbox:
    """
    Maps points of a model's input back to the image, as its preprocessing has mapped the image.

    :ivar input_size: width and height of the model's input [pixel].
    """

    def __init__(self, model: Model) -> None:
        """Take the geometry of a model with a preprocessing; another has the whole image."""
        spec = model.preprocess or Preprocess("")
        self.input_size = input_size(model) if model.preprocess else (1, 1)
        self._keeps_proportions = spec.resize == "letterbox"

    def to_image(self, fractions: npt.NDArray[np.floating], size: tuple[int, int]) -> Floats:
        """
        Return points in pixels of the image, within it.

        :param fractions: of the input's width and height [..., 2].
        :param size: width and height of the image [pixel].
        """
        image, inputs = np.array(size), np.array(self.input_size)
        shown = inputs
        if self._keeps_proportions:
            # sizes are rounded half up, and the odd pixel of the padding is at right and bottom
            scale = (inputs / image).min()
            shown = np.maximum(1, np.floor(image * scale + 0.5))
        begin = np.floor((inputs - shown) / 2)
        points = (fractions * inputs - begin) / shown * image
        return np.asarray(np.clip(points, 0, image), np.float32)


def input_size(model: Model) -> tuple[int, int]:
    """Return width and height of the image input of a model with a preprocessing [pixel]."""
    assert model.preprocess is not None
    image = next(one for one in model.inputs if one.name == model.preprocess.input)
    height, width = image.shape[1:3] if image.layout == "NHWC" else image.shape[2:4]
    return width, height
