"""How large the box of a thing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_perception.core.decision import interval
from edge_perception.core.decision.condition import Family, ModelFacts, ThingPredicate
from edge_perception.core.decision.interval import Interval
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Fields
from edge_perception.messages.types import Detection


@dataclass(frozen=True)
class BoxSize(ThingPredicate):
    """
    The box is so large; a thing without a box fulfils nothing.

    :ivar sizes: ranges of its width, height and area as fractions of the image's, by key.
    """

    sizes: Mapping[str, Interval]

    def holds(self, thing: Detection, situation: Situation) -> bool:
        """Return whether all sizes are in their ranges."""
        seen = situation.seen
        if not (thing.has_box and seen.image_width and seen.image_height):
            return False
        width, height = thing.width / seen.image_width, thing.height / seen.image_height
        actual = {"width": width, "height": height, "area": width * height}
        return all(actual[name] in wanted for name, wanted in self.sizes.items())

    def mismatch(self, facts: ModelFacts) -> Iterator[str]:
        """Yield that a classification has no boxes."""
        if facts.decoder == "classification":
            yield (
                f" asks for a box ({', '.join(self.sizes)}), but {facts.model} is a "
                "classification, which has none"
            )


def _read(fields: Fields, zones: Mapping[str, Zone]) -> BoxSize:
    return BoxSize({name: interval.read(value) for name, value in fields.items()})


FAMILY = Family(
    {
        "width": interval.schema("Width of the box as a fraction of the image's"),
        "height": interval.schema("Height of the box as a fraction of the image's"),
        "area": interval.schema("Area of the box as a fraction of the image's"),
    },
    _read,
)
