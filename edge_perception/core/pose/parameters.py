"""The parameters of the pose node, and the mistakes that they can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from edge_perception.core.calm import Calm, USUAL
from edge_perception.core.gravity import GRAVITY
from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.plausible import FASTEST, FASTEST_TURN
from edge_perception.core.pose.measurements import Axis
from edge_perception.core.pose.settings import Settings

_AXES = [axis.name.lower() for axis in Axis]
_FIXED_FRAMES = ("map", "earth")
_EXAMPLES = {"odom_frame": "odom", "base_frame": "base_link"}


def _number(name: str, default: float, low: float, high: float, description: str) -> Parameter:
    return Parameter(name, default, description, low, high)


def _text(name: str, default: str, description: str) -> Parameter:
    return Parameter(name, default, description)


def _switch(name: str, default: bool, description: str) -> Parameter:
    return Parameter(name, default, description)


PARAMETERS = (
    _text(
        "odom_frame", _EXAMPLES["odom_frame"], "The frame in which the pose is given (REP-105)."
    ),
    _text(
        "base_frame",
        _EXAMPLES["base_frame"],
        "The frame of the robot's base: x forward, y left, z up.",
    ),
    _text("imu_frame", "imu_link", "The frame_id of the IMU's messages; empty: any."),
    Parameter(
        "imu_mounting",
        [0.0, 0.0, 0.0],
        "Roll, pitch, yaw [rad] from the axes of imu_frame to those of base_frame.",
    ),
    _number("rate", 20.0, 1.0, 500.0, "Poses published a second."),
    _switch("predict", True, "Predict the pose to the time at which it is published."),
    _switch("publish_tf", False, "Publish the transform odom_frame -> base_frame on /tf."),
    _switch("planar", True, "The robot stays on a level floor."),
    Parameter(
        "wheel_axes",
        ["vx", "wz"],
        f"The components of the twist that the wheels measure, of {', '.join(_AXES)}.",
    ),
    _number(
        "slip",
        0.05,
        0.0,
        10.0,
        "Deviation of the speeds that wheels can't have [m/s]; 0: unknown.",
    ),
    _number("turn_error", 0.03, 0.0, 1.0, "Lasting error of the wheels' turn, a share of it."),
    _number("floor_height", 0.02, 1e-4, 10.0, "Unevenness of the floor if planar [m]."),
    _number("floor_tilt", 0.02, 1e-4, 1.0, "Slope of the floor if planar [rad]."),
    _number(
        "gyro_noise", 0.0, 0.0, 1.0, "Noise density of the gyroscope [rad/s/√Hz]; 0: by message."
    ),
    _number(
        "accel_noise",
        0.0,
        0.0,
        10.0,
        "Noise density of the accelerometer [m/s²/√Hz]; 0: by message.",
    ),
    _number("gyro_range", FASTEST_TURN, 0.1, 100.0, "Greatest reading of the gyroscope [rad/s]."),
    _number(
        "accel_range", 160.0, GRAVITY, 4000.0, "Greatest reading of the accelerometer [m/s²]."
    ),
    _number("max_speed", FASTEST, 0.1, FASTEST, "Speed that the robot never exceeds [m/s]."),
    _number("gyro_walk", 5e-5, 1e-9, 1.0, "Random walk of the gyroscope's bias [rad/s/√s]."),
    _number("accel_walk", 1e-3, 1e-9, 10.0, "Random walk of the accelerometer's bias [m/s²/√s]."),
    _number(
        "gyro_bias", 0.03, 1e-6, 1.0, "Deviation of the gyroscope's bias at the start [rad/s]."
    ),
    _number(
        "accel_bias", 0.2, 1e-6, 5.0, "Deviation of the accelerometer's bias at the start [m/s²]."
    ),
    _number("speed_noise", 0.05, 1e-4, 10.0, "Deviation of wheel speeds that come without [m/s]."),
    _number("turn_noise", 0.1, 1e-4, 10.0, "Deviation of wheel turns that come without [rad/s]."),
    _number("gate", 0.9999, 0.5, 0.99999999, "Share of good wheel measurements that are used."),
    _number("patience", 0.5, 0.05, 60.0, "Seconds until wheels that never fit are believed."),
    _number("history", 1.0, 0.05, 10.0, "Seconds by which a measurement may come late."),
    _number("timeout", 0.5, 0.05, 10.0, "Seconds after which a silent sensor is reported."),
    _number(
        "still_gyro",
        USUAL.gyroscope,
        0.0,
        1.0,
        "Vibration of the standing robot, gyroscope [rad/s].",
    ),
    _number(
        "still_accel",
        USUAL.accelerometer,
        0.0,
        10.0,
        "Vibration of the standing robot, accelerometer [m/s²].",
    ),
    _number("still_speed", 0.01, 0.0, 1.0, "Speed below which the wheels stand [m/s, rad/s]."),
    _number("align_time", 1.0, 0.05, 30.0, "Seconds of standing from which up is found."),
)


@dataclass(frozen=True)
class Configuration:
    """
    Parameters that fit together.

    :ivar given: all of them.
    :ivar settings: those that the filter needs.
    """

    given: Parameters
    settings: Settings


def read(given: Parameters) -> Configuration:
    """
    Check that the parameters fit together.

    :raises ConfigurationError: at the first mistake.
    """
    _check_frames(given)
    axes = _axes(given.texts("wheel_axes"))
    _check_axes(axes, given.flag("planar"), given.number("slip"))
    mounting = given.numbers("imu_mounting")
    if len(mounting) != 3 or not all(abs(angle) <= 2 * math.pi for angle in mounting):
        raise ConfigurationError(
            f"imu_mounting is {mounting}, but must be three angles in radians: roll, pitch, "
            "yaw from the axes of imu_frame to those of base_frame, e.g. [3.1416, 0, 0] for an "
            "IMU that hangs upside down"
        )
    history, rate = given.number("history"), given.number("rate")
    if history > 2 and rate > 100:
        raise ConfigurationError(
            f"a history of {history:g} s at a rate of {rate:g} poses a second "
            "can't be replayed in time; choose a history of 2 s at most, or a rate of 100"
        )
    settings = Settings(
        planar=given.flag("planar"),
        wheel_axes=axes,
        slip=given.number("slip"),
        turn_error=given.number("turn_error"),
        floor=(given.number("floor_height"), given.number("floor_tilt")),
        gyro_walk=given.number("gyro_walk"),
        accel_walk=given.number("accel_walk"),
        gyro_bias=given.number("gyro_bias"),
        accel_bias=given.number("accel_bias"),
        gate=given.number("gate"),
        max_speed=given.number("max_speed"),
        patience=given.number("patience"),
        calm=Calm(given.number("still_gyro"), given.number("still_accel")),
        still_speed=given.number("still_speed"),
    )
    return Configuration(given, settings)


def _check_frames(given: Parameters) -> None:
    frames = {name: given.text(name) for name in ("odom_frame", "base_frame", "imu_frame")}
    for name, frame in frames.items():
        if not frame and name != "imu_frame":
            raise ConfigurationError(f"{name} is empty; name a frame, e.g. {_EXAMPLES[name]!r}")
        if frame.startswith("/"):
            raise ConfigurationError(
                f"{name} is {frame!r}, but frames have no leading slash in ROS 2; use "
                f"{frame.lstrip('/')!r}"
            )
    if frames["odom_frame"] == frames["base_frame"]:
        raise ConfigurationError(
            f"odom_frame and base_frame are both {frames['odom_frame']!r}; the pose is that of "
            "one in the other, so they must differ, e.g. 'odom' and 'base_link'"
        )
    if frames["imu_frame"] == frames["odom_frame"]:
        raise ConfigurationError(
            f"imu_frame is {frames['imu_frame']!r}, the fixed frame odom_frame, but an IMU moves "
            "with the robot; name the frame in the header of its messages, e.g. 'imu_link'"
        )
    if frames["odom_frame"] in _FIXED_FRAMES:
        raise ConfigurationError(
            f"odom_frame is {frames['odom_frame']!r}, but this pose drifts, and REP-105 keeps "
            "that frame for a localisation that does not; use 'odom', and let a localisation "
            f"publish {frames['odom_frame']} -> odom"
        )
    if frames["base_frame"] in (*_FIXED_FRAMES, "odom"):
        raise ConfigurationError(
            f"base_frame is {frames['base_frame']!r}, a fixed frame of REP-105; name the frame of "
            "the robot's base, e.g. 'base_link': are odom_frame and base_frame interchanged?"
        )
    mounting = given.numbers("imu_mounting")
    if frames["imu_frame"] == frames["base_frame"] and any(mounting):
        raise ConfigurationError(
            f"imu_frame is base_frame ({frames['base_frame']!r}), so the IMU's axes are the "
            f"base's, but imu_mounting turns them by {mounting}; set it to "
            "[0, 0, 0], or name the IMU's own frame"
        )


def _axes(names: Sequence[str]) -> tuple[Axis, ...]:
    unknown = [name for name in names if name not in _AXES]
    if unknown:
        raise ConfigurationError(
            f"wheel_axes holds {unknown[0]!r}, but wheels measure some of {', '.join(_AXES)}; the "
            "pose and acceleration of wheel odometry are derived from its twist and are not "
            "used again"
        )
    if not names or len(set(names)) < len(names):
        raise ConfigurationError(
            f"wheel_axes is {list(names)}, but must name each component that the wheels measure "
            "once, e.g. ['vx', 'wz'] for a differential drive, ['vx', 'vy', 'wz'] for mecanum"
        )
    return tuple(sorted(Axis[name.upper()] for name in names))


def _check_axes(axes: Sequence[Axis], planar: bool, slip: float) -> None:
    if planar and Axis.VZ in axes:
        raise ConfigurationError(
            "planar is true, but wheel_axes holds 'vz', a motion off the floor; leave 'vz' out, "
            "or set planar to false"
        )
    if Axis.VX not in axes and Axis.VY not in axes:
        raise ConfigurationError(
            "wheel_axes holds neither 'vx' nor 'vy', so nothing bounds the speed and the pose "
            "would drift away within seconds; add what the wheels measure"
        )
    if not planar and not slip and len({Axis.VX, Axis.VY, Axis.VZ} & set(axes)) < 3:
        missing = [a.name.lower() for a in (Axis.VX, Axis.VY, Axis.VZ) if a not in axes]
        raise ConfigurationError(
            f"slip is 0 and planar false, so nothing bounds the speed along {', '.join(missing)} "
            "and its covariance grows for ever; set slip to how much the wheels may slide, e.g. "
            "0.05"
        )
