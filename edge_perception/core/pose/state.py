"""What the filter knows: the state, and how unsure it is."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from operator import attrgetter

from edge_perception.core.pose.stretch import LONGEST, Stretch
from edge_perception.core.rotation import Array, Quaternion, Vector

_ZERO = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class Stillness:
    """
    Whether the robot stands.

    :ivar mean: of the last angular velocities and accelerations; None before the first.
    :ivar variance: of the same, summed over the axes: gyroscope, accelerometer.
    :ivar since: when they became calm [ns]; None while they are not.
    :ivar wheels: since when the wheels have stood [ns]; None while they turn, or are silent.
    :ivar updated: when standing was last used as a measurement [ns].
    """

    mean: tuple[float, ...] | None = None
    variance: tuple[float, float] = (math.inf, math.inf)
    since: int | None = None
    wheels: int | None = None
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """
    By how much a pose may be wrong since sensors contradicted each other.

    A wrong turn is no noise: nothing that is measured later takes its error out of the heading. So
    it stands beside the filter's covariance, until the pose is set.

    :ivar turn: difference of what the sensors say now [rad/s].
    :ivar heading: [rad].
    :ivar place: [m].
    """

    turn: float = 0.0
    heading: float = 0.0
    place: float = 0.0

    def contradicted(self, turn: float, slip: float, seconds: float) -> Doubt:
        """
        Return the doubt after a while in which two sensors differ, of which either may be wrong.

        :param turn: by which their turns differ [rad/s].
        :param slip: by which their speeds differ [m/s].
        :param seconds: for which they do.
        """
        heading = min(math.pi, self.heading + turn * seconds)
        return Doubt(turn, heading, self.place + slip * seconds)

    def driven(self, way: float) -> Doubt:
        """Return the doubt after a way [m], which led elsewhere if the heading is wrong."""
        return Doubt(0.0, self.heading, self.place + 2 * math.sin(self.heading / 2) * way)


@dataclass(slots=True)
class State:
    """
    The state at a time.

    Arrays are replaced and never changed, so that copies may share them. The covariance is worked
    out when somebody asks for it: between two corrections it would be for nothing.

    :ivar stamp: [ns].
    :ivar rotation: from base to odom, quaternion x, y, z, w.
    :ivar settled: covariance of the error state before the ``stretch``.
    :ivar velocity: in odom [m/s].
    :ivar position: in odom [m].
    :ivar gyro_bias: [rad/s].
    :ivar accel_bias: [m/s²].
    :ivar gyro: the last reading of the gyroscope [rad/s].
    :ivar accel: the last reading of the accelerometer [m/s²].
    :ivar noise: noise densities of these two [rad/s/√Hz, m/s²/√Hz].
    :ivar imu_stamp: when they were read; None if never.
    :ivar turn: how fast the wheels last turned [rad/s], and with which standard deviation.
    :ivar wheels_stamp: when the wheels last turned it; None if never.
    :ivar rejecting: since when the wheels have been gated out; None while they fit.
    :ivar doubted: until when that they contradict the IMU is in ``doubt`` [ns].
    :ivar doubt: what they left in doubt when they contradicted the IMU.
    :ivar stretch: what was felt since the covariance was settled; None if nothing.
    """

    stamp: int
    rotation: Quaternion
    settled: Array
    velocity: Vector = _ZERO
    position: Vector = _ZERO
    gyro_bias: Vector = _ZERO
    accel_bias: Vector = _ZERO
    gyro: Vector = _ZERO
    accel: Vector = _ZERO
    noise: tuple[float, float] = (0.0, 0.0)
    imu_stamp: int | None = None
    turn: tuple[float, float] = (0.0, 0.0)
    wheels_stamp: int | None = None
    rejecting: int | None = None
    doubted: int = 0
    doubt: Doubt = Doubt()
    stillness: Stillness = field(default_factory=Stillness)
    stretch: Stretch | None = None
    _covariance: Array | None = None

    @property
    def covariance(self) -> Array:
        """
        Return the covariance of the error state, in the order of `error_state`.

        That it is asked for does not settle it: the state must not depend on who looks at it.
        """
        if self.stretch is None:
            return self.settled
        if self._covariance is None:
            self._covariance = self.stretch.spread(self.settled, self.rotation)
        return self._covariance

    @covariance.setter
    def covariance(self, covariance: Array) -> None:
        self.settled, self.stretch = covariance, None

    def spread(
        self, seconds: float, force: Vector, noise: tuple[float, float, float, float]
    ) -> None:
        """Become less sure; call it before turning. The parameters are those of `Stretch.add`."""
        if self.stretch is None:
            self.stretch = Stretch(self.rotation)
        self._covariance = None
        self.stretch.add(seconds, force, noise)

    def settle(self) -> None:
        """Settle the covariance if the stretch has become long."""
        if self.stretch is not None and self.stretch.seconds > LONGEST:
            self.covariance = self.covariance

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        other = State(*_FIELDS(self))
        other.stillness = Stillness(*_FIELDS_OF_STILLNESS(self.stillness))
        if self.stretch is not None:
            other.stretch = Stretch(*_FIELDS_OF_STRETCH(self.stretch))
        return other


# copy.copy takes ten times as long, six times a pose
_FIELDS, _FIELDS_OF_STILLNESS, _FIELDS_OF_STRETCH = (
    attrgetter(*one.__slots__) for one in (State, Stillness, Stretch)
)
