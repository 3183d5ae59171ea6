"""Embed each thing: a model turns its region into a vector, near to that of the same thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_perception import decode
from edge_perception.core.perception.regions import Regions
from edge_perception.core.perception.stage import image_model, Look, Setup, Stage
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections, Floats, Indices
from edge_perception.decode.kinds import embedding


class Embed(Stage):
    """
    Give each thing the first output of the model as its embedding, of length 1.

    :ivar facts: the description of the model.
    :ivar space: how its embeddings are compared.
    """

    parameters = Regions.parameters

    def __init__(self, setup: Setup) -> None:
        """Check that the model has an output."""
        self._model, self.facts = image_model(setup)
        if not self.facts.outputs:
            raise DecodeError(f"the model {self.facts.name} has no output to embed things with")
        self._output = self.facts.outputs[0].name
        self.space = embedding.space(self.facts)
        self._regions = Regions(setup.options, self.facts)

    def choose(self, found: Detections) -> Indices:
        """Return the things of the labels that are asked for which have a place in the image."""
        return self._regions.choose(found)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with the embeddings of the chosen ones, in one call of the model."""
        results = self._model.run_regions(*look.pixels, self._regions.maps(found, chosen))
        vectors: list[Floats] = [np.empty(0, np.float32)] * len(found)
        for index, tensors in zip(chosen.tolist(), results, strict=True):
            vectors[index] = self._unit(decode.finite(self._output, tensors[self._output]))
        return replace(found, embeddings=vectors)

    def _unit(self, vector: Floats) -> Floats:
        length = np.linalg.norm(vector)
        if not length > 0:
            raise DecodeError(f"the model {self.facts.name} gives an embedding of length 0")
        return np.asarray(vector / length, np.float32)
