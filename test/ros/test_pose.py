"""The pose node over real ROS 2: requests, and sensors that are not alone."""

import math

from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Imu
from std_msgs.msg import Empty
from std_srvs.srv import Empty as EmptyService

from edge_perception.core.gravity import GRAVITY
from edge_perception.msg import PoseStatus
from edge_perception.nodes import base, pose
from edge_perception.srv import SetPose

pytestmark = pytest.mark.ros

OK, ERROR = 0, 2


@pytest.fixture
def standing(robot):
    """Let a robot stand: give a pose node, and what tells it so."""
    node = base.make(pose.NODE, ["-p", "align_time:=0.2", "-p", "imu_frame:=''"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    imu = robot.speak("imu/data", Imu, qos_profile_sensor_data)
    wheels = robot.speak("wheel/odometry", Odometry, qos_profile_sensor_data)
    ticks = 0

    def tell() -> None:
        nonlocal ticks
        ticks += 1
        stamp = robot.peer.get_clock().now().to_msg()
        reading = Imu()
        reading.header.stamp = stamp
        reading.linear_acceleration.z = GRAVITY + 0.01 * math.sin(ticks)
        reading.angular_velocity_covariance = [1e-6 * (i % 4 == 0) for i in range(9)]
        reading.linear_acceleration_covariance = [1e-4 * (i % 4 == 0) for i in range(9)]
        imu.publish(reading)
        turned = Odometry(child_frame_id="base_link")
        turned.header.stamp, turned.header.frame_id = stamp, "odom"
        turned.twist.covariance = [1e-4 * (i % 7 == 0) for i in range(36)]
        wheels.publish(turned)

    timer = robot.peer.create_timer(0.01, tell)
    robot.others.wake()
    yield robot
    robot.do_elsewhere(lambda: robot.peer.destroy_timer(timer))


def test_poses_and_their_honesty_come_and_requests_are_followed(standing):
    heard = standing.hear("odometry/filtered", Odometry)
    status = standing.hear("pose_status", PoseStatus)
    standing.wait(lambda: heard)
    assert heard[0].header.frame_id == "odom"
    standing.wait(lambda: any(one.standing for one in status))
    request = PoseWithCovarianceStamped()
    request.header.frame_id = "odom"
    request.pose.pose.position.x = 5.0
    request.pose.pose.orientation.w = 1.0
    standing.speak("set_pose", PoseWithCovarianceStamped).publish(request)
    standing.wait(lambda: abs(heard[-1].pose.pose.position.x - 5.0) < 0.01)
    standing.speak("reset", Empty).publish(Empty())
    standing.wait(lambda: abs(heard[-1].pose.pose.position.x) < 0.01)
    for name in ("imu", "wheels", "fit", "pose", "input imu", "output odometry"):
        standing.wait(lambda name=name: standing.level(f"pose: {name}") == OK)


def test_requests_can_be_made_as_services_too(standing):
    heard = standing.hear("odometry/filtered", Odometry)
    request = SetPose.Request()
    request.pose.header.frame_id = "odom"
    request.pose.pose.pose.position.x = 5.0
    request.pose.pose.pose.orientation.w = 1.0
    standing.wait(lambda: heard)
    assert standing.call("set_pose", SetPose, request) == SetPose.Response()
    standing.wait(lambda: abs(heard[-1].pose.pose.position.x - 5.0) < 0.01)
    assert standing.call("reset", EmptyService) == EmptyService.Response()
    standing.wait(lambda: abs(heard[-1].pose.pose.position.x) < 0.01)
    for name in ("set_pose", "reset"):
        standing.wait(lambda name=name: standing.level(f"pose: input {name}") == OK)


def test_a_second_publisher_of_wheel_odometry_is_named(standing):
    standing.wait(lambda: standing.level("pose: input wheels") == OK)
    other = standing.peer.create_publisher(Odometry, "wheel/odometry", 10)
    standing.wait(lambda: standing.level("pose: input wheels") == ERROR)
    assert "publish on /wheel/odometry at once" in standing.status["pose: input wheels"].message
    standing.do_elsewhere(lambda: standing.peer.destroy_publisher(other))
    standing.wait(lambda: standing.level("pose: input wheels") == OK)
