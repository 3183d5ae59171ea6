"""The pose node: where the robot is and how it moves, by IMU and wheels."""

from __future__ import annotations

from collections.abc import Sequence

from edge_perception.core.faults import Faults
from edge_perception.core.node import (
    Diagnostic,
    Inputs,
    Level,
    NodeCore,
    Outputs,
    Port,
    Ports,
    Qos,
)
from edge_perception.core.pace import Pace
from edge_perception.core.parameters import Parameters
from edge_perception.core.pose import diagnosis, publishing
from edge_perception.core.pose import parameters as pose_parameters
from edge_perception.core.pose.diagnosis import Silence
from edge_perception.core.pose.estimator import Estimator
from edge_perception.core.pose.imu_reader import ImuReader
from edge_perception.core.pose.measurements import Measurement
from edge_perception.core.pose.readings import read_placement, ReadingError
from edge_perception.core.pose.turn_comparison import TurnComparison
from edge_perception.core.pose.wheel_reader import WheelReader
from edge_perception.core.stamps import SECOND
from edge_perception.core.transforms import Transforms
from edge_perception.messages import Message
from edge_perception.messages.types import Imu, Odometry, PoseWithCovarianceStamped

_JUMP_FORWARD = SECOND
_JUMP_BACK = SECOND // 100
_QUEUE = 200

_INPUTS = (
    Port(
        "imu",
        "sensor_msgs/msg/Imu",
        "imu/data",
        Qos.SENSOR_DATA,
        sole=True,
        queue=_QUEUE,
        prompt=False,
    ),
    Port(
        "wheels",
        "nav_msgs/msg/Odometry",
        "wheel/odometry",
        Qos.SENSOR_DATA,
        sole=True,
        queue=_QUEUE,
        prompt=False,
    ),
    Port(
        "set_pose",
        "geometry_msgs/msg/PoseWithCovarianceStamped",
        "set_pose",
        optional=True,
        service="edge_perception/srv/SetPose",
    ),
    Port("reset", "std_msgs/msg/Empty", "reset", optional=True, service="std_srvs/srv/Empty"),
)
_OUTPUTS = (
    Port("odometry", "nav_msgs/msg/Odometry", "odometry/filtered", sole=True),
    Port("status", "edge_perception/msg/PoseStatus", "pose_status"),
)
_TF = Port("tf", "tf2_msgs/msg/TFMessage", "/tf")
_HEARD_TF = Port("tf", "tf2_msgs/msg/TFMessage", "/tf", optional=True, queue=_QUEUE, prompt=False)


class PoseCore(NodeCore):
    """
    Publish the pose in the odom frame, predicted to the time at which it is published.

    While IMU and wheels are both silent nothing is published: an old pose must not look new.
    """

    parameters = pose_parameters.PARAMETERS
    inputs = (*_INPUTS, _HEARD_TF)
    outputs = (*_OUTPUTS, _TF)

    def ports(self, parameters: Parameters) -> Ports:
        """Leave transforms out unless they are wanted."""
        if parameters.flag("publish_tf"):
            return Ports(self.inputs, self.outputs)
        return Ports(_INPUTS, _OUTPUTS)

    def configure(self, parameters: Parameters) -> Outputs:
        """Check the parameters and begin anew."""
        self._configuration = pose_parameters.read(parameters)
        self._odom = parameters.text("odom_frame")
        self._base = parameters.text("base_frame")
        self._sends_tf = parameters.flag("publish_tf")
        self._predicts = parameters.flag("predict")
        self._timeout = round(self._configuration.given.number("timeout") * SECOND)
        self._pace = Pace(self._configuration.given.number("rate"))
        self._status_pace = Pace(1.0)
        self._estimator = Estimator(self._configuration)
        self._imu = ImuReader(self.topic("imu"), self._configuration)
        self._wheels = WheelReader(self.topic("wheels"), self._configuration)
        self._turns = TurnComparison(self.topic("imu"), self.topic("wheels"))
        self._faults = Faults()
        self._now: int | None = None
        self._silence = Silence(self.topic, self._timeout)
        self._transforms = Transforms(self._odom, self._base)
        self._published = 0
        return ()

    def period(self) -> float:
        """Return the time until the next pose is due: sensors are read then, and not before."""
        wait = self._pace.wait(self._now) if self._now is not None else 0.0
        return wait or 1.0 / self._configuration.given.number("rate")

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Estimate by what was measured, and publish the pose when it is due."""
        self._watch_clock(now)
        if "reset" in inputs:
            self._estimator.reset()
            self._turns.restart()
            self._published = 0
        if "set_pose" in inputs:
            self._set_pose(inputs["set_pose"], now)
        for message in inputs.get("imu", ()):
            self._on_imu(message, now)
        for message in inputs.get("wheels", ()):
            self._on_wheels(message, now)
        for message in inputs.get("tf", ()):
            if conflict := self._transforms.conflict(message):
                self._faults.report(now, Level.ERROR, "tf", conflict)
        return self._publish(now)

    def _on_imu(self, message: Imu, now: int) -> None:
        """Record what the IMU measured, unless the gyroscope is known to be wrong."""
        self._silence.heard["imu"] = now
        try:
            readings = self._imu.read(message, now)
        except ReadingError as error:
            self._faults.report(now, Level.ERROR, "imu", str(error))
            return
        if self._imu.warning:
            self._faults.report(now, Level.WARN, "imu", self._imu.warning)
        for reading in readings:
            self._turns.add_imu(reading)
            if self._turns.problem:
                self._faults.report(now, Level.ERROR, "imu", self._turns.problem)
            else:
                self._take("imu", reading, now)

    def _on_wheels(self, message: Odometry, now: int) -> None:
        """Record what the wheels measured."""
        self._silence.heard["wheels"] = now
        try:
            wheels = self._wheels.read(message, now)
        except ReadingError as error:
            self._faults.report(now, Level.ERROR, "wheels", str(error))
            return
        if self._wheels.warning:
            self._faults.report(now, Level.WARN, "wheels", self._wheels.warning)
        self._turns.add_wheels(wheels)
        if self._turns.doubt:
            self._faults.report(now, Level.WARN, "fit", self._turns.doubt)
        self._take("wheels", wheels, now)

    def _take(self, port: str, measurement: Measurement, now: int) -> None:
        self._estimator.take(measurement)
        if self._estimator.notice:
            notice = f"{self.topic(port)}: {self._estimator.notice}"
            self._faults.report(now, Level.WARN, "time", notice)

    def _set_pose(self, message: PoseWithCovarianceStamped, now: int) -> None:
        try:
            placement = read_placement(message, now, self.topic("set_pose"), self._odom)
        except ReadingError as error:
            self._faults.report(now, Level.ERROR, "set_pose", str(error))
            return
        self._estimator.take(placement)
        if self._estimator.notice:
            notice = f"{self.topic('set_pose')}: {self._estimator.notice}"
            self._faults.report(now, Level.WARN, "set_pose", notice)

    def _watch_clock(self, now: int) -> None:
        """Notice that the clock was set, or that this program was stopped for a while."""
        before, self._now = self._now, now
        self._silence.tick(now)
        ahead = now - before if before is not None else 0
        if -_JUMP_BACK <= ahead <= _JUMP_FORWARD:
            return
        way = "forward, or this node was stopped," if ahead > 0 else "back"
        self._estimator.jump(now)
        self._turns.restart()
        self._published = 0
        self._silence.restart()
        self._faults.report(
            now,
            Level.WARN,
            "time",
            f"the clock jumped {way} by {abs(ahead) / SECOND:.3f} s; the pose goes on from there",
        )

    def _publish(self, now: int) -> Outputs:
        newest = self._estimator.newest
        if newest is None or now - newest > self._timeout:
            return ()
        # a clock that ticks coarsely is behind what was measured since its last tick
        time = max(now, newest)
        if self._published > time + SECOND:  # the sensors' clock was set back
            self._published = 0
        if self._pace.wait(time) > 0:
            return ()
        self._pace.advance(time)
        state = self._estimator.state(time if self._predicts else None)
        if self._estimator.lost:
            self._faults.report(now, Level.ERROR, "pose", self._estimator.lost)
            return ()
        if state is None or state.stamp <= self._published:
            return ()
        self._published = state.stamp
        pose = publishing.odometry(state, self._odom, self._base)
        outputs: list[tuple[str, Message]] = [("odometry", pose)]
        if self._sends_tf:
            outputs.append(("tf", self._transforms.make(pose)))
        if self._status_pace.wait(now) == 0:
            self._status_pace.advance(now)
            verdicts, standing = self._estimator.verdicts(), self._estimator.standing(state)
            outputs.append(("status", publishing.status(state, verdicts, standing, self._odom)))
        return outputs

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report on the sensors, on time, on how well they agree, and on the pose."""
        state = self._estimator.state()
        standing = state is not None and self._estimator.standing(state)
        silence = self._silence
        shown = {
            "imu": silence.check("imu", now, "the pose rests on the wheels alone"),
            "wheels": silence.check("wheels", now, "the pose rests on the IMU alone and drifts"),
            "time": Diagnostic(Level.OK, "time", "the stamps are plausible"),
            "fit": diagnosis.fit(self._estimator.verdicts(), self._turns.problem),
            "pose": diagnosis.pose(state, self._estimator.problem, standing),
        }
        return list({**shown, **self._faults.current(now)}.values())
