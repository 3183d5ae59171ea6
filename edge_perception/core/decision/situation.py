"""What conditions are judged by: what is seen, how the robot moves, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_perception.core.decision.health import Health
from edge_perception.core.decision.travel import Travel
from edge_perception.messages.types import DetectionArray


@dataclass(frozen=True)
class Situation:
    """
    A moment at which rules are judged.

    :ivar seen: an edge_perception/msg/DetectionArray whose numbers can be true.
    :ivar travel: of the robot.
    :ivar health: of other nodes.
    :ivar cautious: whether what isn't known counts as holding: for a rule that restricts the robot
        it does, for one that grants something it does not.
    """

    seen: DetectionArray
    travel: Travel = field(default_factory=Travel)
    health: Health = field(default_factory=Health)
    cautious: bool = False
