"""When bytes arrive at the other end of a link: arithmetic, without a clock of its own."""

from __future__ import annotations

import math
import random

from edge_perception.cloud.profiles import Profile, Range


class Gaps:
    """The times in which nothing goes through, the same for both directions of a link."""

    def __init__(self, profile: Profile, seed: int) -> None:
        """Choose stalls by the seed; there are none before `begin`."""
        self._random = random.Random(seed)
        self._stalls, self._outage = profile.stalls, profile.outage
        self._begun = math.inf
        self._gaps: list[tuple[float, float]] = []
        self._last = 0.0  # end of the last stall that was chosen

    def begin(self, now: float) -> None:
        """Let the profile's time begin now [s]."""
        self._begun = self._last = now
        if self._outage is not None:
            begin, end = self._outage
            self._gaps.append((now + begin, now + end))

    def after(self, moment: float) -> float:
        """Return when something goes through first, from a moment on [s]."""
        while moment >= self._begun:
            self._choose(moment)
            ends = [end for begin, end in self._gaps if begin <= moment < end]
            if not ends:
                break
            moment = max(ends)
        return moment

    def _choose(self, moment: float) -> None:
        """Choose all stalls that begin before a moment."""
        while self._stalls is not None and self._last <= moment:
            begin = self._last + self._random.expovariate(1 / self._stalls.every)
            self._last = begin + _one_of(self._stalls.lasting, self._random)
            self._gaps.append((begin, self._last))


class Line:
    """
    One direction of a link.

    Bytes leave one after the other, at its rate, and never overtake each other. Delay and rate are
    chosen anew whenever nothing is under way, so that each message meets other conditions, and all
    parts of one the same.
    """

    def __init__(self, delay: Range, rate: Range, gaps: Gaps, seed: int) -> None:
        """
        Begin with nothing under way.

        :param delay: from one end to the other [s].
        :param rate: [bytes/s].
        """
        self._delays, self._rates, self._gaps = delay, rate, gaps
        self._random = random.Random(seed)
        self._delay, self._rate = delay.low, rate.low
        self._left = self._arrived = -1.0

    def send(self, now: float, size: int) -> tuple[float, float]:
        """
        Return when the last of some bytes leaves, and when it arrives [s].

        :param now: when they are ready to leave [s]; never before that of the last call.
        """
        if now > self._arrived:
            self._delay = _one_of(self._delays, self._random)
            self._rate = _one_of(self._rates, self._random)
        begins = self._gaps.after(max(now, self._left))
        self._left = begins + size / self._rate
        self._arrived = max(self._arrived, self._gaps.after(self._left + self._delay))
        return self._left, self._arrived


def _one_of(numbers: Range, chance: random.Random) -> float:
    if numbers.low == numbers.high:  # an infinite one, too
        return numbers.low
    return chance.uniform(numbers.low, numbers.high)
