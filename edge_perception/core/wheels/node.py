"""The wheel odometry node: how far the wheels say that the robot went."""

from __future__ import annotations

from collections.abc import Sequence

from edge_perception.core.connection import Patience
from edge_perception.core.environment import Environment
from edge_perception.core.faults import Faults
from edge_perception.core.health import Rate
from edge_perception.core.node import (
    Diagnostic,
    Inputs,
    Level,
    Outputs,
    Port,
    Ports,
    Qos,
)
from edge_perception.core.parameters import Parameters
from edge_perception.core.source import Skipped
from edge_perception.core.source_core import SourceCore
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.core.transforms import Transforms
from edge_perception.core.wheels.dead_reckoning import DeadReckoning
from edge_perception.core.wheels.geometry import Motion
from edge_perception.core.wheels.joint_states import JointStates
from edge_perception.core.wheels.parameters import PARAMETERS, WheelParameters
from edge_perception.core.wheels.slip import Slip
from edge_perception.core.wheels.source import WheelReading
from edge_perception.messages import Message
from edge_perception.messages.types import JointState, Odometry

TOPIC_SOURCE = "joint_states"
_JOINTS = Port("joints", "sensor_msgs/msg/JointState", "joint_states", Qos.SENSOR_DATA, queue=200)
_IMU = Port("imu", "sensor_msgs/msg/Imu", "imu/data", Qos.SENSOR_DATA, optional=True, prompt=False)
_TF = Port("tf", "tf2_msgs/msg/TFMessage", "/tf")
_HEARD_TF = Port("tf", "tf2_msgs/msg/TFMessage", "/tf", optional=True, queue=200, prompt=False)
_ODOMETRY = Port("odometry", "nav_msgs/msg/Odometry", "wheel/odometry", sole=True)

_PATIENCE = Patience("count", SECOND, 3 * SECOND, "check the encoders' wiring and power")
_CLOCK_JUMP = SECOND
_LARGEST = 1e20
"""Beyond all that 64 bits count."""
_ALONE = Diagnostic(Level.OK, "transform", "nobody else publishes it")


class WheelOdometryCore(SourceCore[Sequence[WheelReading]]):
    """Integrate the turning of wheels to a pose in the frame ``odom``."""

    parameters = PARAMETERS
    inputs = (_JOINTS, _IMU, _HEARD_TF)
    outputs = (_ODOMETRY, _TF)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._configured = False

    def ports(self, parameters: Parameters) -> Ports:
        """Leave the joints out unless they are the source, and transforms unless wanted."""
        inputs: tuple[Port, ...] = (_IMU,)
        outputs: tuple[Port, ...] = (_ODOMETRY,)
        if parameters.text("source") == TOPIC_SOURCE:
            inputs = (_JOINTS, *inputs)
        if parameters.flag("publish_tf"):
            inputs, outputs = (*inputs, _HEARD_TF), (*outputs, _TF)
        return Ports(inputs, outputs)

    def configure(self, parameters: Parameters) -> Outputs:
        """
        Check the geometry and open the source.

        :raises ConfigurationError: if they don't fit together, or the source can't be opened.
        """
        self.close()
        self._wheels = WheelParameters.read(parameters)
        self._frames = parameters.text("frame_id"), parameters.text("child_frame_id")
        self._source_name = self.hardware = parameters.text("source")
        self._transform = Transforms(*self._frames) if parameters.flag("publish_tf") else None
        topic = self._source_name == TOPIC_SOURCE
        self._encoders = self._wheels.encoders(in_radians=topic)
        self._joints = JointStates(self._wheels.joints, self._wheels.steering)
        self._slip = Slip(self._wheels.slip_threshold)
        self._place = DeadReckoning()
        self._faults = Faults()
        self._measured = Rate(seconds=2)
        self._now = self._published = 0
        self._last: int | None = None
        if not topic:
            request = self._wheels.request
            self._connect(
                lambda: self._environment.open_wheels(self._source_name, request),
                _PATIENCE,
                may_wait=parameters.flag("wait_for_source"),
            )
        self._configured = True
        return ()

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Publish where the robot is after what came in since the last call."""
        self._now = now
        if imu := inputs.get("imu"):
            self._slip.measure(imu.angular_velocity.z, nanoseconds(imu.header.stamp))
        for message in inputs.get("tf", ()):
            if self._transform and (conflict := self._transform.conflict(message)):
                self._faults.report(now, Level.ERROR, "transform", conflict)
        readings = self._readings(inputs, now)
        outputs: list[tuple[str, Message]] = []
        for reading in readings:
            if (odometry := self._integrate(reading, now)) is not None:
                outputs.append(("odometry", odometry))
                if self._transform:
                    outputs.append(("tf", self._transform.make(odometry)))
        return outputs

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report source, encoders, slip and who else publishes the transform."""
        if not self._configured:
            return ()
        values = {
            "rate": f"{self._measured.per_second(now):.1f}",
            "counter overflows": str(sum(one.overflows for one in self._encoders.values())),
        }
        slip = {"wheels less gyroscope [rad/s]": f"{self._slip.difference:.3f}"}
        shown = {
            "source": self._diagnose_source("readings", self._source(), "", values),
            "encoders": Diagnostic(Level.OK, "encoders", "plausible"),
            "slip": Diagnostic(Level.OK, "slip", "the wheels agree with the gyroscope", slip),
            **({"transform": _ALONE} if self._transform else {}),
        }
        return list({**shown, **self._faults.current(now)}.values())

    def close(self) -> None:
        """Close the source."""
        self._configured = False
        super().close()

    def _readings(self, inputs: Inputs, now: int) -> Sequence[WheelReading]:
        """Return what came from the topic or the source."""
        connection = self._connection
        if connection is None:
            return self._from_joints(inputs.get("joints", ()), now)
        before = connection.reconnects
        got = connection.read(now)
        if connection.reconnects != before:
            self._start_anew()  # the counters may have begun anew
        if isinstance(got, Skipped):
            self._faults.report(now, Level.WARN, "encoders", f"{got.name}: {got.reason}")
            return ()
        return got or ()

    def _from_joints(self, messages: Sequence[JointState], now: int) -> Sequence[WheelReading]:
        readings = []
        for message in messages:
            if (reading := self._joints.read(message, now)) is not None:
                readings.append(reading)
            elif self._joints.problem:
                self._faults.report(now, Level.ERROR, "encoders", self._joints.problem)
        return readings

    def _start_anew(self) -> None:
        """Take the next reading for the first one."""
        self._last = None
        for encoder in self._encoders.values():
            encoder.forget()

    def _integrate(self, reading: WheelReading, now: int) -> Odometry | None:
        """Add what the wheels did since the last reading; None if that can't be known."""
        if problem := self._unusable(reading):
            self._faults.report(now, Level.ERROR, "encoders", problem)
            return None
        last, self._last = self._last, reading.stamp
        if last is not None and reading.stamp <= last:
            self._faults.report(
                now,
                Level.WARN,
                "encoders",
                "readings are not in the order of their time stamps; look at the clock or at a "
                "second publisher",
            )
            if last - reading.stamp < _CLOCK_JUMP:
                self._last = last
                return None
            self._start_anew()  # the clock was set back
            last, self._last = None, reading.stamp
        angles = [
            encoder.angle(reading.counts[name])
            if name == self._wheels.steering
            else encoder.turned(reading.counts[name])
            for name, encoder in self._encoders.items()
        ]
        interval = (reading.stamp - last) / SECOND if last is not None else 0.0
        motion = self._wheels.motion(angles)
        if interval and not self._wheels.possible(motion, interval):
            self._faults.report(
                now,
                Level.ERROR,
                "encoders",
                f"the wheels jumped by {motion.forward:.2f} m and {motion.turn:.2f} rad in "
                f"{interval:.3f} s, which is left out; set counter_bits "
                f"({self._wheels.counter_bits}) to the counters' width, or look whether their "
                "controller started anew",
            )
            return None
        return self._odometry(motion, interval, reading.stamp, now)

    def _unusable(self, reading: WheelReading) -> str:
        missing = [name for name in self._encoders if name not in reading.counts]
        if missing:
            return (
                f"there is no joint {missing[0]!r}, but {', '.join(reading.counts) or 'none'}; "
                "set the parameter joints"
            )
        if not all(abs(reading.counts[name]) < _LARGEST for name in self._encoders):
            return "an encoder gives no number that can be (NaN or infinite); look at its driver"
        return ""

    def _odometry(self, motion: Motion, interval: float, stamp: int, now: int) -> Odometry:
        """Move, and say where the robot is and how fast."""
        speed = 1 / interval if interval else 0.0
        slips = bool(interval) and self._slip.slips(motion.turn * speed, interval, stamp)
        if slips:
            self._faults.report(
                now,
                Level.WARN,
                "slip",
                f"the wheels slip: they turn the robot by {self._slip.difference:+.2f} rad/s more "
                "than the gyroscope measures; if it lasts, check track and the IMU's mounting",
            )
        variances = self._wheels.errors.variances(motion, self._wheels.size.track, slips)
        self._place.move(motion, variances)
        self._published += 1
        self._measured.add(now, self._published)
        return self._place.message(motion, variances, interval, stamp, self._frames)
