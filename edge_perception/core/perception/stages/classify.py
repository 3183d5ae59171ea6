"""Classify each thing: the region of the image around it goes through a model of its own."""

from __future__ import annotations

from edge_perception import decode
from edge_perception.core.parameters import Parameter
from edge_perception.core.perception.regions import Regions
from edge_perception.core.perception.stage import image_model, Look, Setup, Stage
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Attribute, Detections, Indices


class Classify(Stage):
    """Say of each thing which class of the model fits best, as an attribute."""

    parameters = (
        *Regions.parameters,
        Parameter(
            "min_score",
            0.0,
            "A thing for which no class has this score is given none.",
            minimum=0.0,
            maximum=1.0,
        ),
    )

    def __init__(self, setup: Setup) -> None:
        """Check that the model is a classification."""
        self._model, facts = image_model(setup)
        if facts.decoder.kind != "classification":
            raise DecodeError(
                f"the model {facts.name} is no classification: its decoder is "
                f"{facts.decoder.kind!r}; compile it with that decoder, or use another stage"
            )
        self.labels = facts.labels or None
        self._name, self._model_name = setup.name, facts.name
        self._regions = Regions(setup.options, facts)
        self._decode = decode.make(facts, decode.Options(setup.options.number("min_score"), top=1))

    def choose(self, found: Detections) -> Indices:
        """Return the things of the labels that are asked for which have a place in the image."""
        return self._regions.choose(found)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with what the model says of the chosen ones, in one call of it."""
        results = self._model.run_regions(*look.pixels, self._regions.maps(found, chosen))
        said = {}
        for index, tensors in zip(chosen.tolist(), results, strict=True):
            best = self._decode(tensors, look.pixels.size)
            if len(best):
                said[index] = Attribute(
                    self._name,
                    self._model_name,
                    best.labels[0],
                    int(best.classes[0]),
                    float(best.scores[0]),
                )
        return found.with_attributes(said)
