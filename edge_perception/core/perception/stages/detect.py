"""Look at the whole image: a model and its decoder say what is in it."""

from __future__ import annotations

import numpy as np

from edge_perception import decode
from edge_perception.core.perception.remote import Adviser, beside, marked
from edge_perception.core.perception.stage import image_model, Look, Setup, Stage
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Indices
from edge_perception.decode.joining import joined


class Detect(Stage):
    """
    What a detector sees, beside what others before it saw.

    A pipeline begins with one: if that fails, there is no result.
    """

    may_ask = True

    def __init__(self, setup: Setup) -> None:
        """Check that the model takes images and fits its decoder."""
        self._model, self._facts = image_model(setup)
        model: object = self._model
        self._adviser = model if isinstance(model, Adviser) else None
        self.labels = self._facts.labels or None
        self.adapt(decode.Options())

    def adapt(self, options: decode.Options) -> None:
        """Report other detections from now on."""
        self._decode = decode.make(self._facts, options)

    def choose(self, found: Detections) -> Indices:
        """Return one index, whatever was found: the image is looked at as a whole."""
        return np.zeros(1, np.intp)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """
        Return what the model sees, beside what was found.

        :raises DecodeError: if there are things without a box, which can't stand beside others.
        """
        tensors = self._model.run_image(*look.pixels)
        look.lap("run")
        seen = marked(self._decode(tensors, look.pixels.size), tensors)
        if self._adviser is not None:
            seen = self._advised(self._adviser, look, seen)
        look.lap("decode")
        if not len(found):
            return seen
        for things in (found, seen):
            if things.boxes is None and len(things):
                raise DecodeError(
                    f"{things.labels[0]!r} has no box; only detectors with boxes stand beside "
                    "each other"
                )
        return joined(found, seen)

    def _advised(self, adviser: Adviser, look: Look, seen: Detections) -> Detections:
        """Return what was seen with what a second opinion adds, if one has come."""
        opinion = adviser.consult(look.pixels, look.stamp)
        if opinion is None:
            return seen
        there = marked(self._decode(opinion.answer, opinion.size), opinion.answer)
        return beside(seen, there, opinion.stamp)
