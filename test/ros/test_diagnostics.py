"""What is wrong appears on /diagnostics within two seconds, with cause and fix."""

from socket import gethostname

import pytest
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Int32, String
from toy import Text, Toy

from edge_perception.core.node import Diagnostic, Level
from edge_perception.nodes import base
from edge_perception.transport.arrivals import Rate
from edge_perception.transport.ros.inputs import similar
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros
BEST_EFFORT = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
OK, WARN, ERROR = (int(level) for level in (Level.OK, Level.WARN, Level.ERROR))


def message(robot, name):
    return robot.status[name].message


def test_missing_publisher_and_what_may_be_meant(robot):
    robot.peer.create_publisher(String, "/front/text", 10)
    robot.peer.create_publisher(Int32, "/text2", 10)
    robot.toy()
    robot.soon(lambda: robot.level("toy: input text") == ERROR)
    robot.wait(
        lambda: (
            "nobody publishes on /text: did you mean /front/text?"
            in message(robot, "toy: input text")
        )
    )
    assert "-r text:=/front/text" in message(robot, "toy: input text")
    assert robot.level("toy: input maybe") == OK


def test_publisher_that_vanishes_and_comes_back(robot):
    robot.toy()
    publisher = robot.speak("text", String)
    heard = robot.hear("echo", String)
    robot.wait(lambda: heard or publisher.publish(String(data="x")))
    robot.wait(lambda: robot.level("toy: input text") == OK)
    robot.do_elsewhere(lambda: robot.peer.destroy_publisher(publisher))
    robot.soon(lambda: robot.level("toy: input text") == ERROR)
    assert "nobody publishes std_msgs/msg/String on /text" in message(robot, "toy: input text")
    publisher = robot.speak("text", String)
    robot.soon(lambda: robot.level("toy: input text") == OK or publisher.publish(String(data="x")))


def test_silent_publisher(robot):
    robot.peer.create_publisher(String, "text", 10)
    robot.toy()
    robot.soon(lambda: robot.level("toy: input text") == ERROR)
    assert "no message comes on /text although" in message(robot, "toy: input text")
    assert "/peer publishes there" in message(robot, "toy: input text")


class Source(Toy):
    """Publishes until its device is lost."""

    inputs = ()
    lost = False

    def step(self, inputs, now):
        return [] if self.lost else [("echo", Text(data="x"))]

    def diagnostics(self, now):
        return [Diagnostic(Level.ERROR if self.lost else Level.OK, "device", "unplugged")]


def test_one_lost_device_is_one_error_that_the_others_wait_for(robot):
    made = []
    for name, core, reads in (("a", Source, ""), ("b", Toy, "a"), ("c", Toy, "b")):
        remap = ["-r", f"echo:={name}/echo", "-r", f"text:={reads}/echo"]
        node = RosNode(name, core, ros_arguments=remap)
        made.append(node)
        robot.nodes.append(node)
        assert node.start()
        robot.own.add_node(node)
    heard = robot.hear("c/echo", String)
    robot.wait(lambda: heard)
    robot.wait(lambda: all(robot.level(name) == OK for name in ("b: input text", "c: input text")))

    def errors():
        return {name for name, status in robot.status.items() if status.level[0] == ERROR}

    robot.wait(lambda: not errors())
    made[0].shell.core.lost = True
    waiting = {"b: input text": "/a", "c: input text": "/b"}
    said = {
        name: "waits for a: device: until that is mended"
        f" {who} has nothing to publish on {who}/echo"
        for name, who in waiting.items()
    }
    robot.wait(lambda: {name: message(robot, name) for name in waiting} == said)
    assert errors() == {"a: device"}
    stamps = len(robot.reports)
    robot.wait(lambda: len(robot.reports) > stamps + 6)  # two seconds of three nodes
    assert {name: message(robot, name) for name in waiting} == said
    assert errors() == {"a: device"}
    made[0].shell.core.lost = False
    robot.wait(lambda: all(robot.level(name) == OK for name in waiting))
    robot.wait(lambda: not errors())


def test_incompatible_qos(robot):
    robot.toy()
    robot.peer.create_publisher(String, "text", BEST_EFFORT)
    robot.soon(
        lambda: (
            robot.level("toy: input text") == ERROR
            and "incompatible QoS" in message(robot, "toy: input text")
        )
    )
    robot.wait(lambda: "from /peer on /text" in message(robot, "toy: input text"))
    assert "set qos_overrides./text.subscription.reliability: best_effort" in message(
        robot, "toy: input text"
    )


def test_fix_for_incompatible_qos_helps(robot):
    robot.toy("-p", "qos_overrides./text.subscription.reliability:=best_effort")
    heard = robot.hear("echo", String)
    publisher = robot.speak("text", String, BEST_EFFORT)
    robot.wait(lambda: heard or publisher.publish(String(data="x")))


def test_topic_of_another_type(robot):
    robot.peer.create_publisher(Image, "text", 10)
    robot.toy()
    robot.soon(lambda: robot.level("toy: input text") == ERROR)
    assert "/peer publishes sensor_msgs/msg/Image on /text, expected std_msgs" in message(
        robot, "toy: input text"
    )


def test_inactive_node_names_the_command(robot):
    node = robot.toy(start=False)
    robot.soon(lambda: robot.level("toy: lifecycle") == WARN)
    assert message(robot, "toy: lifecycle").endswith("ros2 lifecycle set /toy configure")
    robot.do(node.trigger_configure)
    robot.soon(
        lambda: message(robot, "toy: lifecycle").endswith("ros2 lifecycle set /toy activate")
    )
    robot.do(node.trigger_activate)
    robot.soon(lambda: robot.level("toy: lifecycle") == OK)


def test_exception_in_step_is_reported_and_the_node_goes_on(robot):
    robot.toy()
    heard = robot.hear("echo", String)
    publisher = robot.speak("text", String)
    publisher.publish(String(data="fail"))
    robot.soon(lambda: robot.level("toy: step") == ERROR)
    assert "ValueError: that text is not liked" in message(robot, "toy: step")
    publisher.publish(String(data="next"))
    robot.wait(lambda: heard)
    assert heard[0].data == "> next"
    robot.wait(lambda: robot.level("toy: step") == OK)


def test_step_that_hangs_is_reported(robot):
    node = robot.toy()
    core = node.shell.core
    robot.speak("text", String).publish(String(data="wait"))
    robot.wait(core.entered.is_set)
    robot.soon(lambda: robot.level("toy: step") == ERROR)
    assert "busy with one input" in message(robot, "toy: step")
    core.proceed.set()
    robot.wait(lambda: robot.level("toy: step") == OK)


def test_what_the_core_says_is_published_at_once(robot):
    robot.toy()
    publisher = robot.speak("text", String)
    robot.wait(lambda: robot.level("toy: mood") == OK)
    publisher.publish(String(data="bad"))
    robot.soon(lambda: robot.level("toy: mood") == ERROR, seconds=1)


def test_hardware_is_the_device_or_the_computer(robot):
    node = robot.toy()
    robot.wait(lambda: robot.level("toy: mood") == OK)
    assert robot.status["toy: mood"].hardware_id == gethostname()
    node.shell.core.hardware = "/dev/video7"
    robot.wait(lambda: robot.status["toy: mood"].hardware_id == "/dev/video7")


def test_rate():
    rate = Rate(10.0)
    assert rate.update(10.5, 15) == 0.0
    assert rate.update(11.0, 30) == 30.0
    assert rate.update(11.5, 30) == 30.0
    assert rate.update(13.0, 40) == 5.0


def test_similar_topics_come_first():
    topics = ["/depth/points", "/camera/color/image_raw", "/cam/image_raw", "/map", "/odom"]
    assert similar("/camera/image_raw", topics)[0] == "/cam/image_raw"
    assert len(similar("/camera/image_raw", topics)) == 3


@pytest.mark.parametrize(
    ("kind", "arguments", "input_", "said"),
    [
        ("decision", ["-r", "detections:=seen"], "input", "nothing fresh comes on /seen"),
        ("perception", ["-r", "camera/image_raw:=/usb/image"], "images", "/usb/image: "),
    ],
)
def test_nodes_name_their_inputs_as_they_are_remapped(
    robot, tiny_bundle, kind, arguments, input_, said
):
    model = ["-p", f"model:={tiny_bundle}"] if kind == "perception" else []
    node = base.make(base.find(kind), [*arguments, *model])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    images = robot.peer.create_publisher(Image, "/usb/image", 10)
    wrong = Image(encoding="unheard of")
    robot.wait(lambda: robot.level(f"{kind}: {input_}") in (WARN, ERROR) or images.publish(wrong))
    assert message(robot, f"{kind}: {input_}").startswith(said)
