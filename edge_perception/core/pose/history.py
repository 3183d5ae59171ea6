"""The last second of measurements: what comes late takes its place, and what followed again."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
import enum
from operator import attrgetter

from edge_perception.core.pose.filter import Filter, Verdict
from edge_perception.core.pose.measurements import Inertial, Measurement, Placement, Wheels
from edge_perception.core.pose.state import State
from edge_perception.core.stamps import SECOND

_ORDER = {Inertial: 0, Wheels: 1, Placement: 2}
"""Of measurements of the same time."""

REPEATED = "two measurements have the same stamp; the second one is left out"


def out_of_order(late: int) -> str:
    """Return the notice of a measurement that is so many nanoseconds older than another."""
    return (
        f"stamps are out of order: a measurement is {late / SECOND:.3f} s older than one before "
        "it; it is put into its place"
    )


class Entry(enum.Enum):
    """What became of a measurement."""

    IN_ORDER = enum.auto()
    LATE = enum.auto()
    BEFORE_BEGIN = enum.auto()
    TOO_LATE = enum.auto()
    REPEATED = enum.auto()


@dataclass(slots=True)
class _Step:
    """
    A measurement, and what was known after it.

    :ivar state: kept of the last of those that were worked out together; None of the others.
    :ivar verdict: None of what are no wheels, and until it is worked out.
    """

    key: tuple[int, int]
    measurement: Measurement
    state: State | None = None
    verdict: Verdict | None = None


_KEY = attrgetter("key")


class History:
    """
    Measurements in the order of their stamps, however they come.

    Nothing is computed before the state is asked for, so several that come late cost one replay.
    The state depends on the set of measurements, and not on the order in which they came, as long
    as none comes later than the window is long.

    :ivar newest: stamp of the newest measurement [ns].
    """

    def __init__(self, filter_: Filter, start: State, window: int) -> None:
        """
        Begin without measurements.

        :param start: the state before all measurements.
        :param window: nanoseconds by which a measurement may be late.
        """
        self.newest = start.stamp
        self._filter = filter_
        self._base = start
        self._begin = start.stamp
        self._window = window
        self._steps: list[_Step] = []
        self._clean = 0

    def add(self, measurement: Measurement) -> Entry:
        """Put a measurement into its place."""
        stamp = measurement.stamp
        if stamp < self.newest - self._window:
            return Entry.TOO_LATE
        if stamp < self._begin:
            return Entry.BEFORE_BEGIN
        steps, key = self._steps, (stamp, _ORDER[type(measurement)])
        if not steps or steps[-1].key < key:
            steps.append(_Step(key, measurement))
            self.newest = max(self.newest, stamp)
            return Entry.IN_ORDER
        index = bisect_left(steps, key, key=_KEY)
        if steps[index].key == key:
            return Entry.REPEATED
        steps.insert(index, _Step(key, measurement))
        self._clean = min(self._clean, index)
        return Entry.LATE

    def state(self) -> State:
        """Return what is known after all measurements, working out what hasn't been yet."""
        self._clean = self._stored(self._clean)
        state = self._steps[self._clean - 1].state if self._clean else self._base
        assert state is not None
        fresh = self._steps[self._clean :]
        if fresh:
            state, verdicts = self._filter.after(state, [step.measurement for step in fresh])
            for step, verdict in zip(fresh, verdicts, strict=True):
                step.state, step.verdict = None, verdict
            fresh[-1].state = state
            self._clean = len(self._steps)
            self._forget()
        return state

    def verdicts(self) -> list[Verdict]:
        """Return how well the wheels fitted lately, oldest first; call `state` before."""
        return [step.verdict for step in self._steps if step.verdict is not None]

    def _stored(self, count: int) -> int:
        """Return how many of the first steps there are up to the last one whose state is known."""
        while count and self._steps[count - 1].state is None:
            count -= 1
        return count

    def _forget(self) -> None:
        """Drop what nothing can come before any more."""
        horizon = self.newest - self._window
        count = self._stored(bisect_left(self._steps, horizon, key=lambda step: step.key[0]))
        if count:
            self._base = self._steps[count - 1].state or self._base
            del self._steps[:count]
            self._clean -= count
