"""The pose over time: start, history, and clocks that jump."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.pose.alignment import Alignment, start
from edge_perception.core.pose.error_state import BA, BG, bounded, P, THETA, V
from edge_perception.core.pose.filter import Filter, Verdict
from edge_perception.core.pose.history import Entry, History, out_of_order, REPEATED
from edge_perception.core.pose.measurements import Measurement, Placement, Wheels
from edge_perception.core.pose.parameters import Configuration
from edge_perception.core.pose.soundness import fault
from edge_perception.core.pose.standstill import stands, wheels_stand
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array
from edge_perception.core.stamps import SECOND

_GAP = 2 * SECOND
"""Without any measurement for so long, motion can't be guessed any more."""
_BACK = SECOND // 2
"""Measurements that are all too late for so long come from a clock that was set back."""
_UNKNOWN_SPEED = 1.0
_LOST = (0.1, 10.0, 1.0)
"""Deviations of attitude [rad], speed [m/s] and position [m] after a state that can't be true."""
_WITHOUT_IMU = 3
"""Times the span of the alignment after which wheels do without an IMU."""


class Estimator:
    """
    Takes measurements, and tells where the robot is.

    :ivar notice: what happened at the last measurement that somebody should know; empty if
        nothing.
    :ivar lost: why the state that was last asked for could not be true; empty if it could.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.notice = self.lost = ""
        self._configuration = configuration
        self._filter = Filter(configuration.settings)
        self._window = round(configuration.given.number("history") * SECOND)
        self.reset()

    def reset(self) -> None:
        """Forget everything: the robot is at the origin, and aligns itself anew."""
        self._history: History | None = None
        self._alignment = Alignment(
            self._configuration.given.number("align_time"), self._configuration.settings
        )
        self._placement: Placement | None = None
        self._wheels: Wheels | None = None
        self._waiting: int | None = None
        self._refused: int | None = None
        self._newest: dict[type, int] = {}
        self._sound: State | None = None
        self._begun: State | None = None

    @property
    def newest(self) -> int | None:
        """Return the stamp of the newest measurement; None before there is a pose."""
        return self._history.newest if self._history else None

    @property
    def problem(self) -> str:
        """Return why there is no pose yet; empty if there is one."""
        return "" if self._history else self._alignment.problem

    def take(self, measurement: Measurement) -> None:
        """Record a measurement."""
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
            self.notice = out_of_order(before - measurement.stamp)
        elif entry is Entry.REPEATED:
            self.notice = REPEATED

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

        What can't be true is not known: the state then goes on from the last one that could.

        :param now: the time to predict it for; None: that of the newest measurement.
        """
        if self._history is None:
            return None
        state = self._checked()
        return self._filter.predict(state, now) if now and now > state.stamp else state

    def _checked(self) -> State:
        assert self._history is not None
        self.lost = ""
        try:
            with np.errstate(all="ignore"):  # what comes of it is looked at
                state = self._history.state()
            problem = fault(state, self._configuration.settings)
        except (ArithmeticError, ValueError) as error:  # of a matrix that can't be inverted, too
            problem = f"it can't be computed ({error})"
        if problem:
            self.lost = f"the pose can't be true: {problem}; it goes on from the last one that can"
            return self._recover(self._history.newest)
        self._sound = state
        return state

    def verdicts(self) -> list[Verdict]:
        """Return how well the wheels fitted in the last second."""
        if self._history is None:
            return []
        begin = self._history.newest - SECOND
        return [verdict for verdict in self._history.verdicts() if verdict.stamp > begin]

    def standing(self, state: State) -> bool:
        """Return whether the robot stands."""
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
            self.notice = self._alignment.notice
        if state is None:
            return
        self._begun = self._sound = state
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
        patience = _WITHOUT_IMU * self._configuration.given.number("align_time") * SECOND
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
        state = self._checked()
        covariance = state.covariance.copy()
        covariance[V, V] += np.eye(3) * _UNKNOWN_SPEED**2
        covariance[P, P] += np.eye(3) * 0.01
        self._begin_at(stamp, state, state, covariance)

    def _recover(self, stamp: int) -> State:
        """Go on where the robot last was for certain, with the biases of the start."""
        assert self._sound is not None
        assert self._begun is not None
        covariance = np.zeros_like(self._sound.covariance)
        for part, deviation in ((THETA, _LOST[0]), (V, _LOST[1]), (P, _LOST[2])):
            covariance[part, part] = self._sound.covariance[part, part]
            covariance[part, part] += np.eye(3) * deviation**2
        settings = self._configuration.settings
        covariance[BG, BG] = np.eye(3) * settings.gyro_bias**2
        covariance[BA, BA] = np.eye(3) * settings.accel_bias**2
        return self._begin_at(stamp, self._sound, self._begun, covariance)

    def _begin_at(self, stamp: int, at: State, biases: State, covariance: Array) -> State:
        """Begin a history at a place, with a speed of zero."""
        fresh = State(stamp, at.rotation, bounded(covariance))
        fresh.position, fresh.doubt = at.position, at.doubt
        fresh.gyro_bias, fresh.accel_bias = biases.gyro_bias, biases.accel_bias
        self._history = History(self._filter, fresh, self._window)
        self._sound = fresh
        self._refused = None
        self._newest = {}
        return fresh
