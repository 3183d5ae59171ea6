"""What a thing is called, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_perception.core.decision import interval
from edge_perception.core.decision.condition import Family, ModelFacts, ThingPredicate
from edge_perception.core.decision.interval import Interval
from edge_perception.core.decision.schema import one_or_several
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.labels import matches
from edge_perception.core.located_yaml import Fields
from edge_perception.core.names import did_you_mean
from edge_perception.messages.types import Attribute, Detection

_WILD = set("*?[")


@dataclass(frozen=True)
class Named(ThingPredicate):
    """
    The thing's label, or what a later stage says of it, fits with such a score.

    :ivar labels: patterns in lower case of which one must match; empty: any label, that of the
        thing itself alone.
    :ivar score: the range of the score that belongs to that label.
    """

    labels: tuple[str, ...]
    score: Interval

    def holds(self, thing: Detection, situation: Situation) -> bool:
        """Return whether one of its names fits."""
        if not self.labels:
            return thing.score in self.score
        return self._fits(thing) or any(map(self._fits, thing.attributes))

    def _fits(self, said: Detection | Attribute) -> bool:
        return said.score in self.score and matches(said.label, *self.labels)

    def mismatch(self, facts: ModelFacts) -> Iterator[str]:
        """Yield the patterns that no label of the model fits."""
        for pattern in self.labels if facts.labels else ():
            if not any(matches(label, pattern) for label in facts.labels):
                names = [
                    name.strip().lower() for label in facts.labels for name in label.split(",")
                ]
                near = "" if _WILD & set(pattern) else did_you_mean(pattern, names)
                yield f": no label of {facts.model} fits {pattern!r}{near}"


def _read(fields: Fields, zones: Mapping[str, Zone]) -> Named:
    labels: tuple[str, ...] = ()
    if "label" in fields:
        labels = tuple(label.text().lower() for label in fields["label"].one_or_several())
    score = interval.read(fields["score"]) if "score" in fields else Interval()
    return Named(labels, score)


FAMILY = Family(
    {
        "label": one_or_several(
            "A name or a list of names of which one fits: case does not matter, * is any text"
        ),
        "score": interval.schema("How sure the name is, 0 to 1"),
    },
    _read,
)
