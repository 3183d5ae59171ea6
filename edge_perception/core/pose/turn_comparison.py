"""
Compare the gyroscope's turn with the wheels': their ratio names what is wrong.

A third witness tells which of them is right: in a bend the accelerometer feels speed times turn.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_perception.core.pose.measurements import Axis, Inertial, Wheels
from edge_perception.core.stamps import SECOND

_TURNED = 0.3
"""Turn of the wheels [rad] by which is judged."""
_SLOWEST = 0.1
"""Turn [rad/s] that is slower than what a bias may be."""
_ALIKE = 0.9
"""Share of the gyroscope's squares that its ratio to the wheels explains."""
_FELT = 0.4
"""Acceleration in a bend [m/s²] that the accelerometer's bias does not hide."""
_LONGEST = 0.5
"""Seconds between wheel measurements over which nothing is compared."""
_DEGREES = math.degrees(1.0)


@dataclass
class _Sums:
    """Sums over a turn; `turned` is its angle, `seconds` its time."""

    turned: float = 0.0
    wheels: float = 0.0
    both: float = 0.0
    gyro: float = 0.0
    bend: float = 0.0
    felt: float = 0.0
    seconds: float = 0.0


class TurnComparison:
    """
    Judges the gyroscope, while the robot turns.

    :ivar problem: what is wrong with the gyroscope, so that it can't be used; empty if nothing.
    :ivar doubt: in what wheels and gyroscope differ, if either may be wrong; empty if they don't.
    """

    def __init__(self, imu_topic: str, wheels_topic: str) -> None:
        self._imu, self._wheels = imu_topic, wheels_topic
        self.restart()

    def restart(self) -> None:
        """Forget what was compared."""
        self.problem = self.doubt = ""
        self._sums = _Sums()
        self._felt: list[tuple[float, float]] = []
        self._reading = math.nan
        self._same = 0.0
        self._stamp: int | None = None

    def add_imu(self, reading: Inertial) -> None:
        """Record a reading of the IMU."""
        turn = reading.gyro[2]
        if turn != self._reading:
            self._reading, self._same = turn, 0.0
        self._felt.append((turn, reading.accel[1]))

    def add_wheels(self, wheels: Wheels) -> None:
        """Record a measurement of the wheels, and judge both."""
        felt, self._felt = self._felt, []
        before, self._stamp = self._stamp, wheels.stamp
        turn = wheels.velocity[Axis.WZ]
        if before is None or not felt or abs(turn) < _SLOWEST:
            return
        seconds = (wheels.stamp - before) / SECOND
        if not 0 < seconds < _LONGEST:
            return
        gyro = sum(one for one, _ in felt) / len(felt)
        bend = wheels.velocity[Axis.VX] * turn
        sums = self._sums
        sums.turned += abs(turn) * seconds
        sums.seconds += seconds
        sums.wheels += turn * turn * seconds
        sums.both += turn * gyro * seconds
        sums.gyro += gyro * gyro * seconds
        sums.bend += bend * bend * seconds
        sums.felt += bend * seconds * sum(one for _, one in felt) / len(felt)
        self._same += abs(turn) * seconds
        if sums.turned >= _TURNED:
            self._judge(turn)
            self._sums = _Sums()

    def _judge(self, turn: float) -> None:
        sums = self._sums
        ratio = sums.both / sums.wheels
        alike = ratio * ratio * sums.wheels > _ALIKE * sums.gyro
        truly = sums.felt / sums.bend if sums.bend > sums.seconds * _FELT**2 else math.nan
        left_out = "; it is left out, and the pose rests on the wheels"
        self.problem = self.doubt = ""
        if alike and abs(abs(ratio) / _DEGREES - 1) < 0.25:
            self.problem = (
                f"the gyroscope of {self._imu} reads {ratio:.1f} times the turn of the wheels, "
                f"as in deg/s{left_out}: let its driver give rad/s"
            )
        elif alike and -1.25 < ratio < -0.8 and not truly < -0.5:
            self.problem = (
                f"the gyroscope of {self._imu} turns the other way round than the wheels "
                f"({ratio:.2f} of their turn){left_out}: set imu_mounting or mend the sign of its "
                "z axis, unless left and right wheels are interchanged"
            )
        elif alike and -1.25 < ratio < -0.8:
            self.doubt = (
                f"the wheels turn the other way round than the gyroscope, and bends feel as it "
                f"says: left and right are interchanged in {self._wheels}"
            )
        elif abs(ratio) < 0.1 and sums.gyro < 0.05 * sums.wheels:
            self._judge_deaf(turn, truly, left_out)

    def _judge_deaf(self, turn: float, truly: float, left_out: str) -> None:
        """Tell a gyroscope that reads nothing from wheels that spin on the spot."""
        stuck = self._same >= _TURNED
        if stuck or truly > 0.5:
            stays = f"it stays at {self._reading:.3g} rad/s"
            reason = stays if stuck else "the accelerometer feels the bend"
            self.problem = (
                f"the gyroscope of {self._imu} does not feel that the wheels turn the robot at "
                f"{turn:.2f} rad/s, but {reason}{left_out}: check its driver and its z axis"
            )
        else:
            self.doubt = (
                f"the gyroscope of {self._imu} does not feel that the wheels turn the robot at "
                f"{turn:.2f} rad/s: its z axis or imu_mounting is wrong, or the wheels spin on "
                "the spot"
            )
