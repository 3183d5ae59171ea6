"""What the filter assumes about robot and sensors."""

from __future__ import annotations

from dataclasses import dataclass

from edge_perception.core.calm import Calm, USUAL
from edge_perception.core.plausible import FASTEST
from edge_perception.core.pose.measurements import Axis


@dataclass(frozen=True)
class Settings:
    """
    The assumptions; `config/pose.yaml` explains each.

    :ivar planar: whether the robot stays on a level floor.
    :ivar wheel_axes: the components of the velocity that the wheels measure.
    :ivar slip: standard deviation of the velocities that wheels can't have [m/s]; 0: unknown.
    :ivar turn_error: lasting error of the wheels' turn, e.g. of the track [1].
    :ivar floor: standard deviations of a planar robot's height [m] and tilt [rad].
    :ivar gyro_walk: how fast the gyroscope's bias wanders [rad/s/√s].
    :ivar accel_walk: how fast the accelerometer's bias wanders [m/s²/√s].
    :ivar gyro_bias: standard deviation of its bias at the start [rad/s].
    :ivar accel_bias: standard deviation of its bias at the start [m/s²].
    :ivar gate: share of the good wheel measurements that pass the gate.
    :ivar max_speed: that the robot never exceeds [m/s].
    :ivar patience: seconds after which wheels that never pass are believed after all.
    :ivar imu_hold: seconds for which a reading of the IMU stands for what follows it.
    :ivar calm: how much the IMU's readings vary at most while the robot stands.
    :ivar still_speed: speed below which the wheels stand [m/s, rad/s].
    :ivar still_time: seconds of all that after which it does stand.
    """

    planar: bool = True
    wheel_axes: tuple[Axis, ...] = (Axis.VX, Axis.WZ)
    slip: float = 0.05
    turn_error: float = 0.03
    floor: tuple[float, float] = (0.02, 0.02)
    gyro_walk: float = 5e-5
    accel_walk: float = 1e-3
    gyro_bias: float = 0.03
    accel_bias: float = 0.2
    gate: float = 0.9999
    max_speed: float = FASTEST
    patience: float = 0.5
    imu_hold: float = 0.1
    calm: Calm = USUAL
    still_speed: float = 0.01
    still_time: float = 0.3
