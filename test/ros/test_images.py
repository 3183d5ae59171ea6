"""Images of other people's drivers: what is asked of them, and what is said when some get lost."""

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import subprocess
import sys

import pytest
from rclpy.qos import QoSProfile
from rclpy.qos import QoSReliabilityPolicy as Reliability
from sensor_msgs.msg import CompressedImage, Image
from toy import Toy

from edge_perception.core.node import Level, Port, Qos
from edge_perception.transport.ros.losses import explain, Losses
from edge_perception.transport.ros.node import RosNode
from edge_perception.transport.ros.profile import VARIABLE

pytestmark = pytest.mark.ros
BEST_EFFORT = QoSProfile(depth=1, reliability=Reliability.BEST_EFFORT)
RELIABLE = QoSProfile(depth=10, reliability=Reliability.RELIABLE)
OK, WARN, ERROR = (int(level) for level in (Level.OK, Level.WARN, Level.ERROR))


class Eye(Toy):
    """Takes images."""

    inputs = (Port("image", "sensor_msgs/msg/Image", "view", Qos.MATCHED),)
    outputs = ()

    def __init__(self):
        super().__init__()
        self.formats = []

    def configure(self, parameters):
        return ()

    def step(self, inputs, now):
        self.formats += [getattr(one, "format", "") for one in inputs.values()]
        return ()

    def safe_state(self, now, reason):
        return ()


class CompressedEye(Eye):
    """Takes compressed images."""

    inputs = (
        Port(
            "image",
            "sensor_msgs/msg/CompressedImage",
            "view",
            Qos.MATCHED,
            transport="compressed",
        ),
    )


def asked(robot):
    """Return the reliability that the toy's subscription to images asks for."""
    infos = robot.peer.get_subscriptions_info_by_topic("/image")
    return [info.qos_profile.reliability for info in infos]


def values(robot):
    status = robot.status.get("toy: input image")
    return {one.key: one.value for one in status.values} if status else {}


def said(robot):
    status = robot.status.get("toy: input image")
    return status.message if status else ""


def test_the_subscription_is_as_reliable_as_all_publishers_and_follows(robot):
    robot.toy()
    heard = robot.hear("copy", Image)
    robot.wait(lambda: asked(robot) == [Reliability.BEST_EFFORT])  # nobody is known: fits any
    reliable = robot.peer.create_publisher(Image, "image", RELIABLE)
    robot.wait(lambda: asked(robot) == [Reliability.RELIABLE])
    robot.wait(reliable.get_subscription_count)
    robot.wait(lambda: heard or reliable.publish(Image(width=1)))
    best_effort = robot.peer.create_publisher(Image, "image", BEST_EFFORT)
    robot.wait(lambda: asked(robot) == [Reliability.BEST_EFFORT])
    robot.wait(lambda: heard[-1].width == 2 or best_effort.publish(Image(width=2)))
    robot.wait(lambda: heard[-1].width == 3 or reliable.publish(Image(width=3)))
    robot.do_elsewhere(lambda: robot.peer.destroy_publisher(best_effort))
    robot.wait(lambda: asked(robot) == [Reliability.RELIABLE])
    robot.wait(lambda: heard[-1].width == 4 or reliable.publish(Image(width=4)))
    robot.wait(lambda: values(robot).get("reliability") == "reliable")
    assert values(robot)["lost"] == "0"


def test_a_parameter_decides_instead_of_the_publishers(robot):
    robot.toy("-p", "qos_overrides./image.subscription.reliability:=best_effort")
    publisher = robot.speak("image", Image, RELIABLE)
    heard = robot.hear("copy", Image)
    robot.wait(lambda: heard or publisher.publish(Image(width=1)))
    robot.wait(lambda: robot.level("toy: input image") == OK)
    assert asked(robot) == [Reliability.BEST_EFFORT]


@pytest.fixture
def driver() -> Iterator[Callable[..., None]]:
    """Return a function that starts a driver in a process with Fast DDS as it comes."""
    started = []
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}

    def start(*arguments: object) -> None:
        program = Path(__file__).with_name("stranger.py")
        command = [sys.executable, program, *map(str, arguments)]
        started.append(subprocess.Popen(command, env=environment))

    yield start
    for process in started:
        process.terminate()
        process.wait(60)


def test_large_images_of_a_driver_with_the_default_transport_arrive(robot, driver):
    """No image fits into its shared memory at once; each is complete all the same."""
    robot.toy()
    heard = robot.hear("copy", Image)
    driver(1920, 1080, 5, "reliable")
    robot.wait(lambda: len(heard) >= 3)
    assert all(len(image.data) == 1920 * 1080 * 3 for image in heard)
    assert all(set(image.data[::9973]) == {image.header.stamp.sec % 256} for image in heard)


def test_lost_images_of_a_driver_are_named_with_the_remedy(robot, driver):
    robot.toy()
    driver(1920, 1080, 10, "best_effort")

    def lost():
        """Return the status that names losses; the name of the driver is known a little later."""
        status = robot.status.get("toy: input image")
        named = status and "get lost" in status.message and "from /stranger" in status.message
        return status if named else None

    status = robot.wait(lost)
    message = status.message
    assert status.level[0] >= WARN
    assert "from /stranger, which sends each one once (best effort): make it publish" in message
    assert f"start it with {VARIABLE}=" in message
    profile = message.split(f"{VARIABLE}=")[1].split(",")[0]
    assert Path(profile).is_file()


def test_images_by_another_transport_are_offered(robot):
    robot.peer.create_publisher(CompressedImage, "/front/view/compressed", 10)
    node = RosNode("eye", Eye, ros_arguments=["-r", "view:=/front/view"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    robot.wait(lambda: robot.level("eye: input image") == ERROR)
    robot.wait(lambda: "the same images are on" in robot.status["eye: input image"].message)
    assert "the same images are on /front/view/compressed: set the parameter image_transport" in (
        robot.status["eye: input image"].message
    )


def test_a_transport_stands_below_the_topic_after_it_was_remapped(robot):
    node = RosNode("eye", CompressedEye, ros_arguments=["-r", "view:=/front/view"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    heard = robot.hear("/front/view/compressed", CompressedImage)
    publisher = robot.speak("/front/view/compressed", CompressedImage)
    robot.wait(lambda: heard or publisher.publish(CompressedImage(format="jpeg")))
    robot.wait(lambda: node.shell.core.formats or publisher.publish(CompressedImage(format="png")))


class Publisher:
    """What the graph knows of a publisher."""

    def __init__(self, profile):
        self.qos_profile = profile


@pytest.mark.parametrize(
    ("offered", "ours", "cause"),
    [
        (BEST_EFFORT, Reliability.BEST_EFFORT, "best effort): make it publish reliably"),
        (RELIABLE, Reliability.BEST_EFFORT, "remove the parameter qos_overrides./image.subscr"),
        (RELIABLE, Reliability.RELIABLE, "dropped them before they could be sent again: lower"),
    ],
)
def test_the_cause_of_losses_follows_from_both_sides(offered, ours, cause):
    text = explain(0.25, "/image", "/driver", Publisher(offered), ours)
    assert text.startswith("25% of the messages on /image get lost on their way from /driver, ")
    assert cause in text


def test_losses_are_a_share_of_the_last_seconds():
    losses = Losses()
    assert losses.level(0, now=10.0) == (Level.OK, 0.0)
    losses.add(1)
    assert losses.level(1, now=10.5)[0] is Level.OK  # a single one
    losses.add(1)
    assert losses.level(8, now=11.0) == (Level.WARN, 0.2)
    losses.add(8)
    assert losses.level(8, now=11.5) == (Level.ERROR, 10 / 18)
    assert losses.level(30, now=14.0) == (Level.OK, 0.0)
    assert losses.total == 10
