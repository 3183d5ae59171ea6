"""The pose over time: start, history, and clocks that jump."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.pose.alignment import Alignment, start
from edge_perception.core.pose.filter import Filter, Verdict
from edge_perception.core.pose.history import Entry, History
from edge_perception.core.pose.measurements import Measurement, Placement, Wheels
from edge_perception.core.pose.parameters import Configuration
from edge_perception.core.pose.standstill import stands, wheels_stand
from edge_perception.core.pose.state import P, State, V
from edge_perception.core.stamps import SECOND

_GAP = 2 * SECOND
"""Without any measurement for so long, motion can't be guessed any more."""
_BACK = SECOND // 2
"""Measurements that are all too late for so long come from a clock that was set back."""
_UNKNOWN_SPEED = 1.0
_WITHOUT_IMU = 3
"""Times the span of the alignment after which wheels do without an IMU."""


class Estimator:
    """
    Takes measurements, and tells where the robot is.

    :ivar notice: what happened at the last measurement that somebody should know; empty if
        nothing.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.notice = ""
        self._configuration = configuration
        self._filter = Filter(configuration.settings)
        self._window = round(configuration.number("history") * SECOND)
        self.reset()

    def reset(self) -> None:
        """Forget everything: the robot is at the origin, and aligns itself anew."""
        self._history: History | None = None
        self._alignment = Alignment(
            self._configuration.number("align_time"), self._configuration.settings
        )
        self._placement: Placement | None = None
        self._wheels: Wheels | None = None
        self._waiting: int | None = None
        self._refused: int | None = None
        self._newest: dict[type, int] = {}

    @property
    def newest(self) -> int | None:
        """Return the stamp of the newest measurement; None before there is a pose."""
        return self._history.newest if self._history else None

    @property
    def problem(self) -> str:
        """Say why there is no pose yet; empty if there is one."""
        return "" if self._history else self._alignment.problem

    def take(self, measurement: Measurement) -> None:
        """Take in a measurement."""
        self.notice = ""
        if self._history is None:
            self._begin(measurement)
            return
        newest = self._history.newest
        if measurement.stamp - newest > _GAP:
            gap = (measurement.stamp - newest) / SECOND
            self.notice = f"nothing was measured for {gap:.1f} s; the pose goes on from there"
            self._restart(measurement.stamp)
        entry = self._history.add(measurement)
        before = self._newest.get(type(measurement), 0)
        self._newest[type(measurement)] = max(before, measurement.stamp)
        if entry is Entry.TOO_LATE:
            self._note_too_late(measurement, newest)
            return
        self._refused = None
        if measurement.stamp < before:
            self.notice = (
                "stamps are out of order: a measurement is "
                f"{(before - measurement.stamp) / SECOND:.3f} s older than one before it; it is "
                "put into its place"
            )
        elif entry is Entry.REPEATED:
            self.notice = "two measurements have the same stamp; the second one is left out"

    def jump(self, now: int) -> None:
        """Go on at another time: the clock was set."""
        if self._history is None:
            placement = self._placement
            self.reset()
            self._placement = placement
        else:
            self._restart(now)

    def state(self, now: int | None = None) -> State | None:
        """
        Return what is known.

        :param now: the time to predict it for; None: that of the newest measurement.
        """
        if self._history is None:
            return None
        state = self._history.state()
        return self._filter.predict(state, now) if now and now > state.stamp else state

    def verdicts(self) -> list[Verdict]:
        """Return how well the wheels fitted in the last second."""
        if self._history is None:
            return []
        begin = self._history.newest - SECOND
        return [verdict for verdict in self._history.verdicts() if verdict.stamp > begin]

    def standing(self, state: State) -> bool:
        """Tell whether the robot stands."""
        return stands(state, self._configuration.settings)

    def _begin(self, measurement: Measurement) -> None:
        """Look for a state to start with."""
        state = None
        if isinstance(measurement, Placement):
            self._placement = measurement
        elif isinstance(measurement, Wheels):
            state = self._without_imu(measurement)
        else:
            self._waiting = None
            state = self._alignment.add(measurement, self._moves())
        if state is None:
            return
        self._history = History(self._filter, state, self._window)
        if self._placement is not None:
            placement, self._placement = self._placement, None
            self._history.add(
                Placement(state.stamp, placement.position, placement.yaw, placement.covariance)
            )

    def _moves(self) -> bool:
        return self._wheels is not None and not wheels_stand(
            self._wheels, self._configuration.settings
        )

    def _without_imu(self, wheels: Wheels) -> State | None:
        self._wheels = wheels
        if self._waiting is None or wheels.stamp < self._waiting:
            self._waiting = wheels.stamp
        patience = _WITHOUT_IMU * self._configuration.number("align_time") * SECOND
        if wheels.stamp - self._waiting < patience:
            return None
        settings = self._configuration.settings
        return start(wheels.stamp, settings, None, math.radians(5.0), _UNKNOWN_SPEED)

    def _note_too_late(self, measurement: Measurement, newest: int) -> None:
        late = (newest - measurement.stamp) / SECOND
        if self._refused is None or measurement.stamp < self._refused:
            self._refused = measurement.stamp
        if measurement.stamp - self._refused > _BACK:
            self.notice = f"the stamps jumped back by {late:.1f} s; the pose goes on from there"
            self._restart(measurement.stamp)
            return
        self.notice = (
            f"a measurement is {late:.2f} s older than the newest one, which is more than the "
            f"history of {self._window / SECOND:g} s, and is left out"
        )

    def _restart(self, stamp: int) -> None:
        """Keep pose and biases at another time, and be unsure of the speed."""
        assert self._history is not None
        state = self._history.state().copy()
        covariance = state.covariance.copy()
        covariance[V, V] += np.eye(3) * _UNKNOWN_SPEED**2
        covariance[P, P] += np.eye(3) * 0.01
        fresh = State(stamp, state.rotation, covariance)
        fresh.position = state.position
        fresh.gyro_bias, fresh.accel_bias = state.gyro_bias, state.accel_bias
        self._history = History(self._filter, fresh, self._window)
        self._refused = None
        self._newest = {}
