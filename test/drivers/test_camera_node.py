"""The camera in a real ROS 2 node, in a process of its own, seen through its topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from PIL import Image as Picture
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from edge_perception.drivers import open_source
from edge_perception.transport.ros.profile import use_transport_profile

pytestmark = pytest.mark.ros

ERROR = b"\x02"


class Listener:
    """Collects what the camera says; waits for what a test expects."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.infos: list[CameraInfo] = []
        self.states: list[tuple[bytes, str]] = []
        self._context = Context()
        rclpy.init(context=self._context)
        self._node = Node("listener", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_subscription(Image, "camera/image_raw", self.images.append, 10)
        self._node.create_subscription(CameraInfo, "camera/camera_info", self.infos.append, 10)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)

    def wait(self, until: Callable[[], Any], seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, f"waited in vain; states: {self.states[-3:]}"
            self._executor.spin_once(timeout_sec=0.2)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "camera: source":
                self.states.append((status.level, status.message))


@pytest.fixture
def listener() -> Iterator[Listener]:
    use_transport_profile()
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a camera node with parameters."""
    started: list[subprocess.Popen[str]] = []

    def run(**parameters: object) -> subprocess.Popen[str]:
        pairs = (("-p", f"{name}:={value}") for name, value in parameters.items())
        arguments = [part for pair in pairs for part in pair]
        command = [sys.executable, "-m", "edge_perception.nodes.camera", "--ros-args", *arguments]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.terminate()
    for process in started:
        _, complaint = process.communicate(timeout=180)
        assert "Traceback" not in complaint


def stamps(messages: list[Any]) -> set[tuple[int, int]]:
    return {(one.header.stamp.sec, one.header.stamp.nanosec) for one in messages}


def test_pixels_arrive_as_they_are_with_matching_camera_info(
    start: Callable[..., Any], listener: Listener
) -> None:
    start(source="pattern:64x48", rate=20.0, frame_id="eye")
    listener.wait(lambda: listener.images and listener.infos)
    image = listener.images[0]
    assert (image.width, image.height, image.step, image.encoding) == (64, 48, 192, "rgb8")
    assert image.header.frame_id == "eye"
    source = open_source("pattern:64x48")
    shown = [bytes(frame.data) for frame in (source.read(0) for _ in range(48)) if frame]
    assert bytes(image.data) in shown
    listener.wait(lambda: stamps(listener.infos) & stamps(listener.images))


def test_a_source_that_vanishes_is_reported_and_comes_back(
    start: Callable[..., Any], listener: Listener, tmp_path: Path
) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    Picture.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "1.png")
    process = start(source=folder, rate=20.0)
    listener.wait(lambda: listener.images)
    shutil.move(folder, tmp_path / "away")
    listener.wait(lambda: listener.states and listener.states[-1][0] == ERROR)
    assert str(folder) in listener.states[-1][1]
    count = len(listener.images)
    shutil.move(tmp_path / "away", folder)
    listener.wait(lambda: len(listener.images) > count and listener.states[-1][0] != ERROR)
    assert process.poll() is None


def test_a_source_that_does_not_exist_ends_the_start(start: Callable[..., Any]) -> None:
    process = start(source="nothing.avi")
    _, complaint = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "the camera source 'nothing.avi' does not exist; give one of" in complaint
