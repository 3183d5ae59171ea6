"""The annotation node over real ROS 2: it works while somebody looks."""

import array

import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from edge_perception.msg import Detection, DetectionArray
from edge_perception.nodes import base
from edge_perception.robot import graph
from edge_perception.robot.plan import plan, StartRequest
from edge_perception.transport.ros.arguments import arguments_of

pytestmark = pytest.mark.ros


def test_who_looks_gets_the_image_with_its_boxes(robot):
    node = base.make(base.find("annotate"), ["-p", "rate:=60.0"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    images = robot.speak("camera/image_raw", Image, qos_profile_sensor_data)
    found = robot.speak("detections", DetectionArray)
    image = Image(height=48, width=64, step=192, encoding="bgr8")
    image.data = array.array("B", bytes([255, 0, 0]) * (48 * 64))
    seen = DetectionArray(image_width=64, image_height=48)
    box = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 20.0}
    seen.detections = [Detection(label="x", score=0.5, has_box=True, **box)]
    numbers = iter(range(1, 10**6))

    def show():
        image.header.stamp.sec = seen.header.stamp.sec = next(numbers)
        images.publish(image)
        found.publish(seen)

    robot.wait(lambda: show() or node.shell.core.traffic["detections"].received > 3)
    assert not node.shell.core.has_reader("image")
    heard = robot.hear("detections/image", Image, qos_profile_sensor_data)
    robot.wait(lambda: show() or heard)
    [first, *_] = heard
    assert (first.encoding, first.width, first.height, first.step) == ("rgb8", 64, 48, 192)
    assert bytes(first.data[-3:]) == bytes([0, 0, 255])  # blue, as it was
    edge = 3 * (30 * 64 + 10)
    assert bytes(first.data[edge : edge + 3]) != bytes([0, 0, 255])


def test_it_is_started_by_its_rate():
    starts = plan(
        graph.load(), StartRequest({"model": "x", "annotate": "4", "image_topic": "/usb"})
    )
    [words] = [arguments_of(start) for start in starts if start.name == "annotate"]
    assert "rate:=4.0" in words
    assert "camera/image_raw:=/usb" in words
    assert "annotate" not in {
        start.name for start in plan(graph.load(), StartRequest({"model": "x"}))
    }
