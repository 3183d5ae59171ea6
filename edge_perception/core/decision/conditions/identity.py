"""Who a thing is, as a stage of perception recognised it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_perception.core.decision import interval
from edge_perception.core.decision.condition import Family, ThingPredicate
from edge_perception.core.decision.interval import Interval
from edge_perception.core.decision.schema import mapping, one_or_several
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.labels import matches
from edge_perception.core.located_yaml import Fields, Item
from edge_perception.core.perception.owners import UNKNOWN
from edge_perception.messages.types import Detection

STAGE = "identify"
"""What the stage that identifies is called unless its description says otherwise."""
_FARTHEST = 2.0  # cosine distance of opposite embeddings


@dataclass(frozen=True)
class Identified(ThingPredicate):
    """
    A stage says that it is one of these.

    :ivar names: patterns in lower case of which one must match.
    :ivar distance: of the embedding from the nearest of that name.
    :ivar stage: that says so.
    """

    names: tuple[str, ...]
    distance: Interval
    stage: str = STAGE

    def holds(self, thing: Detection, situation: Situation) -> bool | None:
        """Return whether it does; None if the stage says nothing of the thing."""
        said = [one for one in thing.attributes if one.stage == self.stage]
        if not said:
            return None
        return any(1 - one.score in self.distance and self._fits(one.label) for one in said)

    def _fits(self, name: str) -> bool:
        """Return whether it is one of the names; a stranger is so only if they are asked for."""
        if name == UNKNOWN:
            return UNKNOWN in self.names
        return matches(name, *self.names)


def _read(fields: Fields, zones: Mapping[str, Zone]) -> Identified:
    item = fields["identity"]
    if not item.is_mapping():
        return Identified(_names(item), Interval())
    given = item.mapping(known=("name", "distance", "stage"), required=("name",))
    return Identified(
        _names(given["name"]),
        interval.read(given["distance"], _FARTHEST) if "distance" in given else Interval(),
        given["stage"].text() if "stage" in given else STAGE,
    )


def _names(item: Item) -> tuple[str, ...]:
    return tuple(name.text().lower() for name in item.one_or_several())


_NAMES = one_or_several('Names of owners, of which one fits, or "unknown"')

FAMILY = Family(
    {
        "identity": {
            "description": "Who it is, by a stage that compares embeddings",
            "oneOf": [
                *_NAMES["oneOf"],
                mapping(
                    "Who it is, and how sure that is",
                    {
                        "name": _NAMES,
                        "distance": interval.schema(
                            "Distance of the embedding from the nearest of that name", _FARTHEST
                        ),
                        "stage": {
                            "description": f"Name of the stage; {STAGE}, if it is not given",
                            "type": "string",
                        },
                    },
                    required=("name",),
                ),
            ],
        }
    },
    _read,
)
