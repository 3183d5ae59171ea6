"""Identify things: whose embedding in the owners' file is near, and no other's nearly as near."""

from __future__ import annotations

import numpy as np

from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter
from edge_perception.core.perception import owners
from edge_perception.core.perception.stage import Look, Setup, Stage
from edge_perception.core.perception.stages.embed import Embed
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Attribute, Detections, Floats, Indices


class Identify(Stage):
    """Say of each thing with an embedding which owner it is, or that it is unknown."""

    runs_model = False
    parameters = (
        Parameter("owners", "", "The file with the owners' embeddings."),
        Parameter(
            "distance",
            0.5,
            "The greatest cosine distance (0: the same, 1: nothing in common) to the nearest "
            "embedding of an owner at which it is that owner.",
            minimum=0.0,
            maximum=1.0,
        ),
        Parameter(
            "margin",
            0.1,
            "How much farther the nearest embedding of any other owner must be.",
            minimum=0.0,
            maximum=1.0,
        ),
    )

    def __init__(self, setup: Setup) -> None:
        """Read the owners, and check that their embeddings are of the model that runs here."""
        embedding = [stage for stage in setup.before if isinstance(stage, Embed)]
        if not embedding:
            raise ConfigurationError(
                f"the stage {setup.name} compares embeddings: put a stage of the kind 'embed' "
                "before it"
            )
        if not setup.options.text("owners"):
            raise ConfigurationError(
                f"the option 'owners' of the stage {setup.name} is empty; give the owners' file"
            )
        path = setup.folder / setup.options.text("owners")
        assert setup.read_file is not None
        self._owners = owners.load(path, setup.read_file)
        facts = embedding[-1].facts
        if self._owners.model != facts.sha256:
            raise ConfigurationError(
                f"{path} holds embeddings of another model than {facts.name}, which the stage "
                "before gives; enrol the owners with this model"
            )
        self.labels = (*self._owners.names, owners.UNKNOWN)
        self._embeddings, self._indices = self._owners.together()
        self._name, self._model = setup.name, facts.name
        self._distance = setup.options.number("distance")
        self._margin = setup.options.number("margin")

    def choose(self, found: Detections) -> Indices:
        """Return the things with an embedding."""
        vectors = found.embeddings if found.embeddings is not None else ()
        return np.array([i for i, vector in enumerate(vectors) if len(vector)], np.intp)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with the name of an owner, or "unknown", as an attribute."""
        assert found.embeddings is not None
        said = {index: self._name_of(found.embeddings[index]) for index in chosen.tolist()}
        return found.with_attributes(said)

    def _name_of(self, vector: Floats) -> Attribute:
        if len(vector) != self._embeddings.shape[1]:
            raise DecodeError(
                f"the model {self._model} gives embeddings of {len(vector)} numbers, those of the "
                f"owners have {self._embeddings.shape[1]}"
            )
        likeness = self._embeddings @ vector
        best = int(likeness.argmax())
        others = likeness[self._indices != self._indices[best]]
        second = others.max(initial=-1.0)
        near = 1 - likeness[best] <= self._distance and likeness[best] - second >= self._margin
        if not near:
            return Attribute(self._name, self._model, owners.UNKNOWN, -1, 1.0)
        index, score = int(self._indices[best]), float(np.clip(likeness[best], 0, 1))
        return Attribute(self._name, self._model, self._owners.names[index], index, score)
