"""A thing that was seen in several images."""

from __future__ import annotations

from dataclasses import dataclass
import math

_SURE = 2.0  # deviations by which a box must grow before it is said to come nearer


@dataclass(frozen=True)
class Track:
    """
    A thing at the time of the newest image.

    :ivar number: which no other track has had; at least 1.
    :ivar label: of its class.
    :ivar box: left, top, right, bottom in pixels; predicted if it is not seen.
    :ivar age: since it was seen first [s].
    :ivar unseen: since it was seen last [s]; 0 if it is in the newest image.
    :ivar growth: share of its size by which it grows in a second [1/s].
    :ivar deviation: of the growth.
    """

    number: int
    label: str
    box: tuple[float, float, float, float]
    age: float
    unseen: float
    growth: float
    deviation: float

    @property
    def time_to_contact(self) -> float:
        """Return when the camera reaches it if all goes on [s]; infinity if it isn't known to."""
        return 1 / self.growth if self.growth > _SURE * self.deviation else math.inf
