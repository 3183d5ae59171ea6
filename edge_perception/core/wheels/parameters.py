"""The parameters of the wheel odometry node, and what they say about the robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from edge_perception.core.node import ConfigurationError
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.wheels.dead_reckoning import MotionErrors
from edge_perception.core.wheels.encoder import Encoder
from edge_perception.core.wheels.geometry import Dimensions, GEOMETRIES, Geometry, Motion
from edge_perception.core.wheels.source import WheelRequest

_TOO_FAST = 2.0
"""Times ``max_speed`` that can't be: a counter jumped."""
_NARROWEST, _WIDEST = 8, 64


def _size(name: str, default: float, description: str) -> Parameter:
    return Parameter(name, default, description, minimum=0.001, maximum=100.0)


def _error(name: str, default: float, description: str) -> Parameter:
    return Parameter(name, default, description, minimum=0.0, maximum=10.0)


PARAMETERS = (
    Parameter(
        "source",
        "joint_states",
        "joint_states: the topic; gpio:CHIP:A,B,A,B: quadrature encoders on GPIO lines; "
        "serial:FORMAT.yaml; or simulated[:KEY=VALUE,...]; docs/wheels.md explains them.",
    ),
    Parameter("geometry", "differential", "The kind of drive.", choices=tuple(GEOMETRIES)),
    Parameter(
        "joints",
        ["left_wheel_joint", "right_wheel_joint"],
        "Names of the encoders: left and right; ackermann: rear left, rear right, steering; "
        "mecanum: front left, front right, rear left, rear right.",
    ),
    _size("wheel_radius", 0.05, "Radius of the wheels, as they roll under load [m]."),
    _size("track", 0.3, "Distance between left and right wheels [m]."),
    _size("wheelbase", 0.3, "Distance between front and rear axles [m]; differential: not used."),
    Parameter(
        "ticks_per_revolution",
        1024.0,
        "Counts per revolution of the encoder, all edges that are counted; not for joint_states.",
        minimum=1.0,
        maximum=1e7,
    ),
    Parameter(
        "gear_ratio",
        1.0,
        "Revolutions of the encoder per revolution of the wheel; not for joint_states.",
        minimum=0.001,
        maximum=1e4,
    ),
    Parameter(
        "directions",
        [1],
        "1 or -1 for each joint: -1 counts backwards when the robot drives forward. One number "
        "stands for all.",
    ),
    Parameter(
        "counter_bits",
        0,
        "Width of the counters, 8 to 64, after which they begin anew; 0: they don't overflow.",
        minimum=0,
        maximum=_WIDEST,
    ),
    Parameter("rate", 50.0, "Readings a second.", minimum=1.0, maximum=1000.0),
    Parameter(
        "max_speed",
        5.0,
        "Speed that the robot never exceeds [m/s]; twice as much is taken for a fault.",
        minimum=0.01,
        maximum=100.0,
    ),
    _error("distance_error", 0.02, "Standard deviation of the distance after one metre [m]."),
    _error("heading_error", 0.02, "Standard deviation of the heading after one metre [rad]."),
    _error("turning_error", 0.05, "Standard deviation of the heading after one radian [rad]."),
    _error(
        "slip_threshold",
        0.3,
        "Difference of wheels and gyroscope from which the wheels slip [rad/s]; 0: not watched.",
    ),
    Parameter("frame_id", "odom", "The frame in which the pose is given."),
    Parameter("child_frame_id", "base_link", "The frame of the robot."),
    Parameter(
        "publish_tf",
        False,
        "Publish the transform frame_id -> child_frame_id, too. Leave it to the pose node if that "
        "runs: a frame has one publisher.",
    ),
    Parameter(
        "wait_for_source",
        False,
        "Start even if the source can't be opened yet, and wait for it.",
    ),
)


@dataclass(frozen=True)
class WheelParameters:
    """
    The wheels of a robot.

    :ivar joints: names of the encoders.
    :ivar directions: 1 or -1 by encoder.
    :ivar radians_per_tick: of a wheel.
    :ivar too_fast: speed that can't be [m/s].
    """

    geometry: Geometry
    size: Dimensions
    joints: Sequence[str]
    directions: Sequence[int]
    radians_per_tick: float
    counter_bits: int
    errors: MotionErrors
    slip_threshold: float
    too_fast: float
    rate: float

    @classmethod
    def read(cls, given: Parameters) -> WheelParameters:
        """
        Read the parameters.

        :raises ConfigurationError: if they don't fit together.
        """
        kind = given.text("geometry")
        geometry = GEOMETRIES[kind]
        names, directions = given.texts("joints"), given.integers("directions")
        bits = given.integer("counter_bits")
        if len(names) != len(geometry.encoders) or len(set(names)) != len(names):
            raise ConfigurationError(
                f"joints is {names}, but {kind} needs {len(geometry.encoders)} different ones: "
                f"{', '.join(geometry.encoders)}"
            )
        signs = directions * len(names) if len(directions) == 1 else directions
        if len(signs) != len(names) or not {1, -1}.issuperset(signs):
            raise ConfigurationError(
                f"directions is {directions}, expected 1 or -1 for each of {', '.join(names)}"
            )
        if 0 < bits < _NARROWEST:
            raise ConfigurationError(
                f"counter_bits is {bits}, expected {_NARROWEST} to {_WIDEST}, or 0 if the "
                "counters don't overflow"
            )
        size = Dimensions(
            given.number("wheel_radius"), given.number("track"), given.number("wheelbase")
        )
        tick = 2 * math.pi / (given.number("ticks_per_revolution") * given.number("gear_ratio"))
        in_radians = given.text("source") == "joint_states"
        return cls(
            geometry,
            size,
            names,
            signs,
            tick,
            bits,
            MotionErrors(
                given.number("distance_error"),
                given.number("heading_error"),
                given.number("turning_error"),
                0.0 if in_radians else tick * size.wheel_radius,
            ),
            given.number("slip_threshold"),
            _TOO_FAST * given.number("max_speed"),
            given.number("rate"),
        )

    @property
    def steering(self) -> str:
        """Return the name of the steering; empty if there is none."""
        return self.joints[-1] if self.geometry.steered else ""

    @property
    def request(self) -> WheelRequest:
        """Return what a driver needs to know."""
        return WheelRequest(
            self.joints, self.rate, 1 / self.radians_per_tick, self.size, self.geometry
        )

    def encoders(self, in_radians: bool) -> dict[str, Encoder]:
        """
        Make the encoders by name.

        :param in_radians: whether readings are angles already; that of a steering always is.
        """
        made = {}
        for name, direction in zip(self.joints, self.directions, strict=True):
            angle = in_radians or name == self.steering
            scale = 1.0 if angle else self.radians_per_tick
            bits = 0 if angle else self.counter_bits
            made[name] = Encoder(bits, direction * scale, angles=angle)
        return made

    def motion(self, angles: Sequence[float]) -> Motion:
        """Return the motion that belongs to angles of the wheels [rad]."""
        return self.geometry.motion(angles, self.size)

    def possible(self, motion: Motion, interval: float) -> bool:
        """Return whether a robot can move so in some seconds, none of its sides too fast."""
        rim = abs(motion.turn) * self.size.track / 2
        return math.hypot(motion.forward, motion.left) + rim <= interval * self.too_fast
