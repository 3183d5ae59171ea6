"""Identify things: whose embedding in the owners' file is near, and no other's nearly as near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_perception.core.labels import matches
from edge_perception.core.names import one_of
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter
from edge_perception.core.perception import owners
from edge_perception.core.perception.stage import Look, Setup, Stage
from edge_perception.core.perception.stages.embed import Embed
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Attribute, Detections, Floats, Indices


class Identify(Stage):
    """
    Say of each thing with an embedding which owner it is, or that it is unknown.

    Of a thing that no sign of life was looked for at, as there was no time, nothing is said.
    """

    runs_model = False
    parameters = (
        Parameter("owners", "", "The file with the owners' embeddings."),
        Parameter(
            "distance",
            0.0,
            "The greatest cosine distance (0: the same, 1: nothing in common) to the nearest "
            "embedding of an owner at which it is that owner; 0: as the model says.",
            minimum=0.0,
            maximum=1.0,
        ),
        Parameter(
            "margin",
            0.2,
            "How much farther the nearest embedding of any other owner must be, in distances.",
            minimum=0.0,
            maximum=10.0,
        ),
        Parameter(
            "liveness",
            "",
            "The name of a stage before it that tells what lives from pictures of it: who isn't "
            "sure to live is unknown. Empty: nobody is asked for a sign of life.",
        ),
        Parameter("live", ["live"], "What that stage calls those who live."),
        Parameter(
            "live_score",
            0.9,
            "The least score of that.",
            minimum=0.0,
            maximum=1.0,
        ),
    )

    def __init__(self, setup: Setup) -> None:
        """Read the owners, and check that their embeddings are of the model that runs here."""
        embedding = [stage for stage in setup.before.values() if isinstance(stage, Embed)]
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
        self._distance = setup.options.number("distance") or embedding[-1].space.distance
        self._margin = setup.options.number("margin") * self._distance
        self._liveness = self._sign_of_life(setup)
        self._live = tuple(label.lower() for label in setup.options.texts("live"))
        self._live_score = setup.options.number("live_score")

    def _sign_of_life(self, setup: Setup) -> str:
        """Return the name of the stage that gives it, empty if none is asked for."""
        name, live = setup.options.text("liveness"), setup.options.texts("live")
        if not name:
            return ""
        if name not in setup.before:
            raise ConfigurationError(
                f"the stage {setup.name} asks {name!r} for signs of life, but no stage before it "
                f"has that name; {one_of(name, setup.before)}"
            )
        known = setup.before[name].labels
        patterns = [label.lower() for label in live]
        if known is not None and not any(matches(label, *patterns) for label in known):
            raise ConfigurationError(
                f"the stage {name} calls nothing {' or '.join(live)}, which {setup.name} takes "
                f"for a sign of life (option 'live'); it says {', '.join(known) or 'nothing'}"
            )
        return name

    def choose(self, found: Detections) -> Indices:
        """Return the things with an embedding."""
        vectors = found.embeddings if found.embeddings is not None else ()
        return np.array([i for i, vector in enumerate(vectors) if len(vector)], np.intp)

    def run(self, look: Look, found: Detections, chosen: Indices) -> Detections:
        """Return the things with the name of an owner, or "unknown", as an attribute."""
        assert found.embeddings is not None
        said = {}
        for index in chosen.tolist():
            lives = self._lives(found.attributes[index] if found.attributes else ())
            if lives is not None:
                vector = found.embeddings[index]
                said[index] = self._name_of(vector) if lives else self._stranger()
        return found.with_attributes(said)

    def _lives(self, said: Sequence[Attribute]) -> bool | None:
        """Return whether a thing surely lives; None if the stage that knows said nothing of it."""
        if not self._liveness:
            return True
        signs = [one for one in said if one.stage == self._liveness]
        if not signs:
            return None
        return any(
            one.score >= self._live_score and matches(one.label, *self._live) for one in signs
        )

    def _stranger(self) -> Attribute:
        return Attribute(self._name, self._model, owners.UNKNOWN, -1, 1.0)

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
            return self._stranger()
        index, score = int(self._indices[best]), float(np.clip(likeness[best], 0, 1))
        return Attribute(self._name, self._model, self._owners.names[index], index, score)
