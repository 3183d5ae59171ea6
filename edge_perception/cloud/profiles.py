"""
Networks to try a server over.

Their figures are round numbers of what such networks are like, and no measurements of any.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

MEGABIT = 1e6 / 8
"""Bytes a second of 1 Mbit/s."""


@dataclass(frozen=True)
class Range:
    """Numbers between two, all as likely."""

    low: float
    high: float

    def scaled(self, factor: float) -> Range:
        """Return all of them times a factor."""
        return Range(self.low * factor, self.high * factor)


AT_ONCE, UNLIMITED = Range(0.0, 0.0), Range(math.inf, math.inf)


@dataclass(frozen=True)
class Stalls:
    """
    Moments in which nothing goes through.

    :ivar every: seconds from the end of one to the begin of the next, on average.
    :ivar lasting: seconds.
    """

    every: float
    lasting: Range


@dataclass(frozen=True)
class Profile:
    """
    What a network is like.

    :ivar says: in a few words.
    :ivar delay: seconds from one end to the other.
    :ivar up: bytes a second from the robot.
    :ivar down: bytes a second to it.
    :ivar outage: begin and end [s] of the time in which nothing goes through.
    :ivar seconds: that it takes to see what is special about it.
    """

    name: str
    says: str
    delay: Range = AT_ONCE
    up: Range = UNLIMITED
    down: Range = UNLIMITED
    stalls: Stalls | None = None
    outage: tuple[float, float] | None = None
    seconds: float = 0.0


def _profile(
    name: str,
    says: str,
    delay: tuple[float, float],
    up: tuple[float, float],
    down: tuple[float, float],
    stalls: Stalls | None = None,
    outage: tuple[float, float] | None = None,
    seconds: float = 0.0,
) -> Profile:
    """Return a profile of milliseconds and Mbit/s."""
    return Profile(
        name,
        says,
        Range(*delay).scaled(1e-3),
        Range(*up).scaled(MEGABIT),
        Range(*down).scaled(MEGABIT),
        stalls,
        outage,
        seconds,
    )


AS_IT_IS = Profile("direct", "the network that is there, unchanged")
_WIFI = ((1, 5), (50, 150), (50, 150))
PROFILES = (
    _profile("lan", "a cable to a server in the house", (0.2, 0.4), (940, 940), (940, 940)),
    _profile("wifi", "a server in the house, by Wi-Fi", *_WIFI),
    _profile("lte", "a data centre near by, by LTE", (20, 40), (8, 20), (20, 60)),
    _profile("far", "a data centre of another continent", (110, 140), (40, 60), (80, 100)),
    _profile(
        "article",
        "a link on which 600 kB take 2 to 5 s, the article's time of a cloud",
        (40, 60),
        (1, 2.4),
        (4, 8),
        seconds=40,
    ),
    _profile(
        "stalls",
        "Wi-Fi on the edge of its reach: nothing goes through for 0.3 to 1.5 s, again and again",
        *_WIFI,
        stalls=Stalls(3.0, Range(0.3, 1.5)),
        seconds=20,
    ),
    _profile(
        "outage",
        "Wi-Fi that is gone for 10 s in the middle",
        *_WIFI,
        outage=(10.0, 20.0),
        seconds=30,
    ),
)
BY_NAME = {one.name: one for one in (AS_IT_IS, *PROFILES)}
