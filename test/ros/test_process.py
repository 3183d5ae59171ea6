"""Nodes as processes: they end cleanly, and a node that can't start says why."""

from collections.abc import Iterator
from contextlib import contextmanager
import itertools
import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest
from rclpy.qos import qos_profile_sensor_data, QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import String

from edge_perception import messages
from edge_perception.transport.ros.typesupport import rosidl_class

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
TOY = [sys.executable, str(Path(__file__).parents[1] / "toy.py")]
LEASE = (
    20  # seconds for which Fast DDS believes in who says neither that it ends nor anything else
)
ROBOT = [sys.executable, "-m", "edge_perception.cli", "up"]


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def shared_memory(process: subprocess.Popen[str]) -> set[str]:
    """Return the shared-memory segments that a process has mapped."""
    maps = Path(f"/proc/{process.pid}/maps").read_text()
    return {word for word in maps.split() if word.startswith("/dev/shm/fastdds_")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_node_without_a_trace(robot, number):
    heard = robot.hear("echo", String)
    publisher = robot.peer.create_publisher(String, "text", 10)
    with started(TOY) as process:
        robot.wait(lambda: heard or publisher.publish(String(data="x")))
        own = {path for path in shared_memory(process) if "port" not in path}
        assert own
        process.send_signal(number)
        output, _ = process.communicate(timeout=180)
    assert output == ""
    assert process.returncode == 0
    robot.wait(lambda: "toy" not in robot.peer.get_node_names(), LEASE - 5)
    assert not any(Path(path).exists() for path in own - set(shared_memory_of_this_process()))


def shared_memory_of_this_process() -> list[str]:
    return [
        word
        for word in Path(f"/proc/{os.getpid()}/maps").read_text().split()
        if word.startswith("/dev/shm/fastdds_")
    ]


def test_camera_images_are_not_lost_between_processes(robot):
    """
    With the settings of Fast DDS itself, no image of this size arrives.

    Here one may when the machine stands still: Fast DDS gives up a reader that does nothing for
    a second, and best effort does not repeat itself.
    """
    pixels = bytes(640 * 480 * 3)
    image = Image(height=480, width=640, step=640 * 3, encoding="rgb8", data=pixels)
    override = "qos_overrides./copy.publisher.reliability:=best_effort"
    with started([*TOY, "--ros-args", "-p", override]):
        heard = robot.hear("copy", Image, qos_profile_sensor_data)
        publisher = robot.speak("image", Image, qos_profile_sensor_data)
        looks = itertools.count()
        # till both know each other, one a second: a reader that is busy would lose some of more
        robot.wait(lambda: heard or (next(looks) % 20 == 0 and publisher.publish(image)))
        sent = []

        def arrived() -> bool:
            """Tell whether this image was heard; it is sent again after some five seconds."""
            if heard[-1].header.stamp == image.header.stamp:
                return True
            if next(looks) % 100 == 0:
                publisher.publish(image)
                sent.append(image.header.stamp.sec)
            return False

        for number in range(1, 31):
            image.header.stamp.sec = number
            looks = itertools.count()
            robot.wait(arrived)
        assert len(sent) < 30 + 5


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-p", "prefix:=refuse"], "the prefix 'refuse' can't be used"),
        (["-p", "gain:=11"], "gain must be a number from 0 to 10, received 11"),
        (["-p", "qos_overrides./echo.publisher.reliability:=bst"], "echo can't be used"),
        (["-p", "qos_overrides./text.subscription.depth:=many"], "text can't be used"),
        (["-r", "__ns:=/a b"], "Couldn't parse remap rule"),
        (["--params-file", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_node_that_can_not_start_says_why(arguments, reason):
    done = subprocess.run(
        [*TOY, "--ros-args", *arguments], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_home_is_named():
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run(TOY, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: ROS 2 has no folder for its log files (HOME is not set):"
    )


def test_names_in_a_parameter_file_that_mean_no_node_are_named(tmp_path):
    file = tmp_path / "parameters.yaml"
    file.write_text("camera: {ros__parameters: {rate: 5.0}}")
    command = [*ROBOT, "--camera=pattern:64x48", "--namespace=bot", "--duration=0.1"]
    done = subprocess.run(
        [*command, "--params-file", file], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0
    assert f"warning: {file}: no node of this robot is called /camera" in done.stderr


def test_misspelt_parameter_is_named(robot):
    heard = robot.hear("info", String, LATCHED)
    with started([*TOY, "--ros-args", "-p", "gian:=2.0", "-p", "use_sim_time:=false"]) as process:
        robot.wait(lambda: heard)
        process.terminate()
        output, _ = process.communicate(timeout=180)
    assert "there is no parameter 'gian'" in output
    assert "is 'gain' meant?" in output
    assert output.count("no parameter") == 1


def test_robot_sees_and_decides(robot, tiny_bundle):
    detections = robot.hear("detections", rosidl_class("edge_perception/msg/DetectionArray"))
    decisions = robot.hear("decision", rosidl_class("edge_perception/msg/Decision"))
    images = robot.hear("camera/image_raw", Image, qos_profile_sensor_data)
    command = [*ROBOT, "--model", str(tiny_bundle), "--camera", "pattern:64x48"]
    matched = []

    def saw_and_decided():
        """Tell whether an image was heard, and what was seen in it; an image may get lost."""
        stamps = [image.header.stamp for image in images]
        matched[:] = [found for found in detections if found.header.stamp in stamps]
        return bool(matched and decisions and not decisions[-1].safe)

    with started(command) as process:
        robot.wait(saw_and_decided)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=180)
    assert process.returncode == 0
    assert "Traceback" not in output
    seen = matched[-1]
    assert (seen.image_width, seen.image_height) == (64, 48)
    assert {found.label for found in seen.detections} == {"red", "green", "blue"}
    assert "go (default" in output


def test_robot_in_a_namespace_with_a_parameter_file(robot, tiny_bundle, tmp_path):
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("/**/camera:\n  ros__parameters:\n    frame_id: from_file\n")
    images = robot.hear("/bot/camera/image_raw", Image, qos_profile_sensor_data)
    command = [*ROBOT, "--model", str(tiny_bundle), "--camera", "pattern:64x48"]
    with started([*command, "--namespace", "bot", "--params-file", str(parameters)]):
        robot.wait(lambda: images)
    assert images[0].header.frame_id == "from_file"


def test_robot_with_the_camera_of_somebody_else(robot, tiny_bundle):
    decisions = robot.hear("decision", rosidl_class("edge_perception/msg/Decision"))
    publisher = robot.peer.create_publisher(Image, "/usb/image", qos_profile_sensor_data)
    image = Image(height=48, width=64, step=64 * 3, encoding="rgb8", data=bytes(64 * 48 * 3))

    def look() -> bool:
        image.header.stamp = robot.peer.get_clock().now().to_msg()
        publisher.publish(image)
        return any(not decision.safe for decision in decisions)

    with started([*ROBOT, "--model", str(tiny_bundle), "--image-topic", "/usb/image"]):
        robot.wait(look)
        assert not robot.peer.count_publishers("/camera/image_raw")


def test_once_ends_by_itself(tiny_bundle):
    done = subprocess.run(
        [*ROBOT, "--model", str(tiny_bundle), "--camera", "pattern:64x48", "--once"],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--model", "nowhere.edge"], 1, "nowhere.edge does not exist"),
        ([], 1, "there is nothing to start"),
        (["--model", "x", "--params-file", "nowhere.yaml"], 1, "nowhere.yaml can't be read"),
        (["--model", "x", "--graph", "nowhere.yaml"], 1, "nowhere.yaml"),
        (["--model", "x", "--camera", "0", "--image-topic", "/i"], 1, "camera, which is left out"),
    ],
)
def test_robot_that_can_not_start_says_why(arguments, code, reason):
    done = subprocess.run([*ROBOT, *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == code
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_types_that_are_not_installed_are_named():
    from edge_perception.core.node import ConfigurationError

    with pytest.raises(ConfigurationError, match="nowhere_msgs/msg/Thing is not installed"):
        rosidl_class("nowhere_msgs/msg/Thing")
    assert messages.get("std_msgs/msg/String")
