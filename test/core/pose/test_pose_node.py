"""The pose node on a motion that is known in closed form, and its requests."""

from __future__ import annotations

import math

from circling_robot import Robot, truth
import numpy as np
import pytest
import yaml

from edge_perception import messages
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.pose.node import PoseCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.share import share_dir

Empty = messages.get("std_msgs/msg/Empty")
Placed = messages.get("geometry_msgs/msg/PoseWithCovarianceStamped")
TFMessage = messages.get("tf2_msgs/msg/TFMessage")


def placed(x: float, y: float, yaw: float, when: int, frame: str = "odom") -> messages.Message:
    message = Placed()
    message.header.stamp, message.header.frame_id = to_time(when), frame
    pose = message.pose.pose
    pose.position.x, pose.position.y = x, y
    pose.orientation.z, pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def test_follows_a_circle_and_is_honest_about_its_error():
    robot = Robot()
    robot.drive(20)
    assert robot.error() < 0.1
    pose = robot.poses[-1]
    assert robot.error() < 4 * math.sqrt(max(pose.pose.covariance[[0, 7]]))
    assert pose.twist.twist.linear.x == pytest.approx(1.0, abs=0.02)
    assert pose.twist.twist.angular.z == pytest.approx(0.5, abs=0.01)
    assert (pose.header.frame_id, pose.child_frame_id) == ("odom", "base_link")
    assert not robot.said()


def test_publishes_at_its_rate_with_stamps_that_grow():
    robot = Robot(rate=20.0)
    robot.drive(4)
    stamps = [one.header.stamp.sec * SECOND + one.header.stamp.nanosec for one in robot.poses]
    assert np.diff(stamps) == pytest.approx(SECOND / 20)


def test_gives_the_same_poses_for_the_same_messages():
    robots = [Robot(seed=3), Robot(seed=3)]
    for robot in robots:
        robot.drive(4)
    first, second = ([messages.serialize(m) for _, m in robot.published] for robot in robots)
    assert first == second


def test_notices_that_it_stands_and_learns_the_gyroscopes_bias():
    robot = Robot(align_time=0.5)

    def biased(port, message):
        if port == "imu":
            message.angular_velocity.z += 0.02
        return message

    robot.drive(2, biased)
    status = [message for port, message in robot.published if port == "status"][-1]
    assert status.standing
    assert status.gyro_bias[2] == pytest.approx(0.02, abs=1e-3)
    robot.drive(10, biased)
    assert not [message for port, message in robot.published if port == "status"][-1].standing
    assert robot.error() < 0.1


def test_publishes_its_nis_within_bounds():
    robot = Robot()
    robot.drive(13)
    found = [message for port, message in robot.published if port == "status"]
    inside = [one.nis_low <= one.nis <= one.nis_high for one in found if not one.standing]
    assert sum(inside) >= 0.7 * len(inside)


def test_set_pose_moves_the_robot_and_what_it_drives_then_is_turned():
    robot = Robot()
    robot.drive(1.5)
    robot.step({"set_pose": placed(10.0, 5.0, math.pi / 2, robot.now)})
    robot.drive(1.5)
    place = robot.poses[-1].pose.pose.position
    x, *_ = truth(robot.seconds)
    assert (place.x, place.y) == pytest.approx((10.0, 5.0 + x), abs=0.05)


def test_set_pose_before_there_is_a_pose_is_where_it_starts():
    robot = Robot()
    robot.step({"set_pose": placed(1.0, 2.0, 0.0, robot.now)})
    robot.drive(1.5)
    place = robot.poses[-1].pose.pose.position
    assert (place.x, place.y) == pytest.approx((1.0, 2.0), abs=0.01)


def test_set_pose_in_another_frame_is_refused():
    robot = Robot()
    robot.drive(1.5)
    robot.step({"set_pose": placed(1.0, 2.0, 0.0, robot.now, "map")})
    assert (
        "frame_id of set_pose is 'map', but 'odom' was expected"
        in robot.said()["set_pose"].message
    )


def test_reset_begins_anew_at_the_origin():
    robot = Robot()
    robot.drive(8)
    robot.step({"reset": Empty()})
    count = len(robot.poses)
    robot.drive(4)
    assert len(robot.poses) > count
    first = robot.poses[count].pose.pose.position
    assert math.hypot(first.x, first.y) < 0.2


def test_predicts_to_the_time_at_which_it_publishes():
    robot = Robot(rate=200.0)
    robot.drive(8)
    robot.ticks += 10  # 50 ms without a measurement
    robot.step({})
    assert robot.error() < 0.05
    assert robot.poses[-1].header.stamp == to_time(robot.now)


def test_transforms_are_published_if_asked_for_and_those_of_others_are_named():
    robot = Robot(publish_tf=True)
    assert [port.topic for port in robot.ports.outputs][-1] == "/tf"
    robot.drive(2)
    sent = [message for port, message in robot.published if port == "tf"]
    robot.step({"tf": sent[-5:]})
    assert not robot.said()
    other = messages.deserialize(messages.serialize(sent[-1]), TFMessage)
    other.transforms[0].transform.translation.x += 1.0
    robot.step({"tf": [other]})
    assert "another node publishes the transform odom -> base_link" in robot.said()["tf"].message


def test_no_transform_unless_asked_for():
    usual = Robot().ports
    assert "/tf" not in [port.topic for port in (*usual.inputs, *usual.outputs)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"odom_frame": "base_link"}, "both 'base_link'"),
        ({"base_frame": ""}, "base_frame is empty"),
        ({"odom_frame": "/odom"}, "no leading slash in ROS 2; use 'odom'"),
        ({"odom_frame": "map"}, "REP-105 keeps that frame"),
        ({"odom_frame": "base_link", "base_frame": "odom"}, "are odom_frame and base_frame"),
        ({"imu_frame": "odom"}, "an IMU moves with the robot"),
        ({"imu_frame": "base_link", "imu_mounting": [3.14, 0.0, 0.0]}, "set it to [0, 0, 0]"),
        ({"imu_mounting": [180.0, 0.0, 0.0]}, "three angles in radians"),
        ({"imu_mounting": [0.0]}, "three angles in radians"),
        ({"wheel_axes": ["vx", "vz", "wz"]}, "a motion off the floor"),
        ({"wheel_axes": ["x", "yaw"]}, "wheel_axes holds 'x'"),
        ({"wheel_axes": ["wz"]}, "neither 'vx' nor 'vy'"),
        ({"wheel_axes": ["vx", "vx"]}, "once"),
        ({"planar": False, "slip": 0.0}, "its covariance grows for ever"),
        ({"history": 5.0, "rate": 200.0}, "can't be replayed in time"),
    ],
)
def test_each_mistake_in_the_configuration_is_one_sentence(given, said):
    with pytest.raises(ConfigurationError) as error:
        PoseCore().configure(Parameters(PoseCore.parameters, given))
    text = str(error.value)
    assert said in text
    assert "\n" not in text


def test_the_parameter_file_is_the_manual_of_every_parameter():
    path = share_dir() / "config" / "pose.yaml"
    text = path.read_text(encoding="utf-8")
    given = yaml.safe_load(text)["/**/pose"]["ros__parameters"]
    assert given == {one.name: one.default for one in PoseCore.parameters}
    lines = text.splitlines()
    for name in given:
        index = next(i for i, line in enumerate(lines) if line.startswith(f"    {name}:"))
        assert lines[index - 1].startswith("    #")


def test_diagnostics_name_the_level_of_a_pose_that_is_known():
    robot = Robot()
    robot.drive(3)
    found = {one.name: one for one in robot.core.diagnostics(robot.now)}
    assert set(found) == {"imu", "wheels", "time", "fit", "pose"}
    assert all(one.level is Level.OK for one in found.values())
