"""Look at the whole image: a model and its decoder say what is in it."""

from __future__ import annotations

from edge_perception import decode
from edge_perception.core.perception.stage import image_model, Look, Setup, Stage
from edge_perception.decode.detections import Detections, Indices


class Detect(Stage):
    """The first stage, and the one whose failure costs the whole result."""

    def __init__(self, setup: Setup) -> None:
        """Check that the model takes images and fits its decoder."""
        self._model, self._facts = image_model(setup)
        self.labels = self._facts.labels or None
        self.adapt(decode.Options())

    def adapt(self, options: decode.Options) -> None:
        """Report other detections from now on."""
        self._decode = decode.make(self._facts, options)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return what the model sees."""
        tensors = self._model.run_image(*look.pixels)
        look.lap("run")
        seen = self._decode(tensors, look.pixels.size)
        look.lap("decode")
        return seen
