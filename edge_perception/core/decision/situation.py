"""What conditions are judged by: what is seen, how the robot moves, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_perception.core.decision.health import Health
from edge_perception.core.decision.travel import Travel
from edge_perception.core.perception.remote import taken_at
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Detection, DetectionArray


@dataclass(frozen=True)
class Situation:
    """
    A moment at which rules are judged.

    :ivar seen: an edge_perception/msg/DetectionArray whose numbers can be true.
    :ivar travel: of the robot.
    :ivar health: of other nodes.
    :ivar cautious: whether what isn't known counts as holding: for a rule that restricts the robot
        it does, for one that grants something it does not.
    :ivar fresh_since: when pictures were taken that still say what is there now [ns].
    """

    seen: DetectionArray
    travel: Travel = field(default_factory=Travel)
    health: Health = field(default_factory=Health)
    cautious: bool = False
    fresh_since: int = 0

    def is_there(self, thing: Detection) -> bool:
        """
        Return whether a thing is there as far as rules may know.

        What an opinion saw in a picture that is no longer fresh may be there: caution counts it.
        """
        taken = taken_at(thing)
        if taken is None or self.cautious:
            return True
        return self.fresh_since <= taken * SECOND <= nanoseconds(self.seen.header.stamp)
