"""What is said about the pose node in /diagnostics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.filter import Verdict
from edge_perception.core.pose.measurements import Axis
from edge_perception.core.pose.publishing import pose_covariance
from edge_perception.core.pose.state import State
from edge_perception.core.stamps import SECOND

_SURPRISED = 3.0
"""Times the expected NIS above which the noise that the sensors state can't be right."""
_FEWEST = 10


class Silence:
    """
    When each sensor was last heard.

    :ivar heard: by port [ns].
    """

    def __init__(self, topic: Callable[[str], str], timeout: int) -> None:
        self._topic = topic
        self._timeout = timeout
        self._since: int | None = None
        self.restart()

    def restart(self) -> None:
        """Begin anew: the clock was set."""
        self._since = None
        self.heard: dict[str, int] = {}

    def tick(self, now: int) -> None:
        """Record the time."""
        self._since = now if self._since is None else self._since

    def check(self, port: str, now: int, effect: str) -> Diagnostic:
        """
        Return whether a sensor is silent.

        :param effect: what its silence leads to.
        """
        topic = self._topic(port)
        since = self._since if self._since is not None else now
        silent = now - self.heard.get(port, since)
        if silent > self._timeout:
            what = "has been silent" if port in self.heard else "has not been heard"
            return Diagnostic(
                Level.ERROR,
                port,
                f"{topic} {what} for {silent / SECOND:.1f} s; {effect}: check that its node runs "
                "and that its device delivers",
            )
        if port not in self.heard:
            return Diagnostic(Level.OK, port, f"waiting for {topic}")
        return Diagnostic(Level.OK, port, f"{topic} is used")


def fit(verdicts: list[Verdict], wrong: str) -> Diagnostic:
    """
    Return whether wheels and IMU agree, as far as their noise allows.

    :param wrong: what is known to be wrong with the gyroscope; empty if nothing is.
    """
    if len(verdicts) < _FEWEST:
        return Diagnostic(Level.OK, "fit", "too few wheel measurements to judge")
    count, freedom = len(verdicts), verdicts[-1].freedom
    nis = sum(verdict.nis for verdict in verdicts) / count
    rejected = sum(not verdict.used for verdict in verdicts)
    low, high = (quantile(p, freedom * count) / count for p in (0.025, 0.975))
    values = {
        "NIS": f"{nis:.2f}",
        "95 % bounds": f"{low:.2f} .. {high:.2f}",
        "rejected": f"{rejected} of {count}",
    }
    causes = _causes(verdicts)
    if rejected > count // 4:
        message = f"{rejected} of {count} wheel measurements contradict the IMU and were left out"
    elif nis > _SURPRISED * freedom:
        message = (
            f"wheels and IMU differ by more than their noise allows (NIS {nis:.1f}, expected "
            f"{freedom})"
        )
        causes += ", or the wheels' covariance is too small"
    else:
        return Diagnostic(Level.OK, "fit", "wheels and IMU agree", values)
    return Diagnostic(Level.WARN, "fit", f"{message}: {wrong or causes}", values)


def _causes(verdicts: list[Verdict]) -> str:
    """Return what may be wrong, by what did not fit."""
    odd = [verdict.worst for verdict in verdicts if verdict.worst is not None]
    if odd.count(Axis.WZ) > len(odd) / 2:
        return (
            "they differ in the turn, so the wheels slip, or the gyroscope (unit, sign, axis), "
            "imu_mounting or track is wrong"
        )
    return "the wheels slip, or radius, track, signs or imu_mounting are wrong"


def pose(state: State | None, problem: str, standing: bool) -> Diagnostic:
    """
    Report whether there is a pose, and how sure it is.

    :param state: the newest; None before there is one.
    :param problem: why there is none; empty if nothing is wrong.
    :param standing: whether the robot stands.
    """
    if state is None:
        level = Level.ERROR if problem else Level.OK
        return Diagnostic(level, "pose", problem or "finding out which way is up: keep it still")
    deviation = np.sqrt(pose_covariance(state).diagonal())
    values = {
        "position deviation [m]": f"{float(deviation[:3].max()):.3f}",
        "attitude deviation [deg]": f"{float(np.degrees(deviation[3:].max())):.2f}",
        "gyroscope bias [rad/s]": " ".join(f"{value:.5f}" for value in state.gyro_bias),
        "accelerometer bias [m/s^2]": " ".join(f"{value:.3f}" for value in state.accel_bias),
        "standing": "yes" if standing else "no",
    }
    return Diagnostic(Level.OK, "pose", "the pose is known", values)
