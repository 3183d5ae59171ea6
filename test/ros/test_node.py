"""The ROS shell around a core: messages, lifecycle, parameters."""

import numpy as np
import pytest
from rcl_interfaces.msg import ParameterType
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Empty, String
from std_srvs.srv import Empty as EmptyService
from toy import Text, Toy

from edge_perception.core.node import ConfigurationError, Port
from edge_perception.transport.condition import State
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
PATIENCE = 60.0
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def test_message_goes_through(robot):
    robot.toy()
    heard = robot.hear("echo", String)
    robot.speak("text", String).publish(String(data="hello"))
    robot.wait(lambda: heard)
    assert heard[0].data == "> hello"


def test_image_bytes_are_those_of_rclpy(robot):
    robot.toy()
    heard = robot.hear("copy", Image, raw=True)
    publisher = robot.speak("image", Image)
    pixels = np.random.default_rng(1).integers(0, 256, 7 * 5 * 2, np.uint8).tobytes()
    image = Image(height=7, width=5, step=10, encoding="mono16", data=pixels)
    image.header.frame_id = "cam"  # with texts of this length there is no padding to compare
    image.header.stamp.sec, image.header.stamp.nanosec = 1700000000, 5
    robot.wait(lambda: robot.peer.count_publishers("/copy"))
    robot.wait(lambda: heard or publisher.publish(image))
    assert heard[0] == serialize_message(image)
    assert deserialize_message(heard[0], Image) == image


def test_late_joiner_gets_what_was_latched(robot):
    robot.toy("-p", "prefix:=hey")
    heard = robot.hear("info", String, LATCHED)
    robot.wait(lambda: heard)
    assert heard[0].data == "prefix hey"


def test_newest_message_wins_and_the_others_are_counted(robot):
    node = robot.toy()
    heard = robot.hear("echo", String)
    publisher = robot.speak("text", String)
    publisher.publish(String(data="wait"))
    core = node.shell.core
    robot.wait(core.entered.is_set)
    for number in range(5):
        publisher.publish(String(data=str(number)))
    robot.wait(lambda: core.traffic["text"].received == 6)
    core.proceed.set()
    robot.wait(lambda: len(heard) == 2)
    assert [message.data for message in heard] == ["> wait", "> 4"]
    assert core.traffic["text"].dropped == 4


class Called(Toy):
    """Has an input that can be called, and one of whose service nobody has the type."""

    inputs = (
        *Toy.inputs,
        Port("clear", "std_msgs/msg/Empty", "clear", optional=True, service="std_srvs/srv/Empty"),
        Port("odd", "std_msgs/msg/Empty", "odd", optional=True, service="nowhere/srv/Thing"),
    )

    def step(self, inputs, now):
        return [("echo", Text(data=port)) for port in ("clear", "odd") if port in inputs]


def test_an_input_can_be_called_while_the_node_is_active(robot, capfd):
    node = RosNode("called", Called, ros_arguments=["-r", "__ns:=/front", "-r", "clear:=wipe"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    heard = robot.hear("front/echo", String)
    robot.wait(lambda: robot.peer.count_publishers("/front/echo"))
    robot.wait(lambda: node.count_subscribers("/front/echo"))
    robot.call("front/wipe", EmptyService)
    robot.wait(lambda: heard)
    assert heard[0].data == "clear"
    robot.speak("front/odd", Empty).publish(Empty())  # is a topic all the same
    robot.wait(lambda: len(heard) == 2)
    logged = capfd.readouterr().err
    assert logged.count("/front/odd is offered as a topic only, not as a service") == 1
    assert "the service type nowhere/srv/Thing is not installed" in logged
    assert robot.do(node.trigger_deactivate) is SUCCESS
    robot.wait(lambda: not robot.peer.count_services("/front/wipe"))


def test_lifecycle(robot):
    node = robot.toy(start=False)
    publisher = robot.peer.create_publisher(String, "text", 10)
    first = node.shell.core
    assert robot.do(node.trigger_configure) is SUCCESS
    assert node.shell.condition.state is State.INACTIVE
    assert node.count_subscribers("/text") == 0
    assert robot.do(node.trigger_activate) is SUCCESS
    robot.wait(publisher.get_subscription_count)
    assert robot.do(node.trigger_deactivate) is SUCCESS
    robot.wait(lambda: not publisher.get_subscription_count())
    assert robot.do(node.trigger_activate) is SUCCESS
    robot.wait(publisher.get_subscription_count)
    assert robot.do(node.trigger_deactivate) is SUCCESS
    assert first.closed == 0
    assert robot.do(node.trigger_cleanup) is SUCCESS
    assert first.closed == 1
    assert node.shell.condition.state is State.UNCONFIGURED
    assert robot.do(node.trigger_configure) is SUCCESS
    assert node.shell.core is not first
    assert robot.do(node.trigger_shutdown) is SUCCESS


def test_failed_configuration_leaves_the_node_unconfigured_and_says_why(robot):
    node = robot.toy("-p", "prefix:=refuse", start=False)
    assert robot.do(node.trigger_configure) is FAILURE
    assert node.shell.condition.state is State.UNCONFIGURED
    robot.wait(lambda: robot.level("toy: lifecycle") == 2)
    assert "'refuse' can't be used" in robot.status["toy: lifecycle"].message
    assert node.set_parameters([Parameter("prefix", value="fine")])[0].successful
    assert robot.do(node.trigger_configure) is SUCCESS


def test_parameter_changed_while_inactive_holds_from_the_next_activation(robot):
    node = robot.toy()
    heard = robot.hear("info", String, LATCHED)
    robot.wait(lambda: heard)
    robot.do(node.trigger_deactivate)
    assert node.set_parameters([Parameter("prefix", value="new")])[0].successful
    robot.do(node.trigger_activate)
    robot.wait(lambda: len(heard) == 2)
    assert heard[1].data == "prefix new"


def test_live_parameter_changes_while_the_node_works(robot):
    node = robot.toy()
    heard = robot.hear("echo", String)
    publisher = robot.speak("text", String)
    assert node.set_parameters([Parameter("volume", value=3)])[0].successful
    assert not node.set_parameters([Parameter("volume", value=10)])[0].successful
    robot.wait(lambda: heard or publisher.publish(String(data="x")))
    assert heard[0].data == "> xxx"
    robot.do(node.trigger_deactivate)
    robot.do(node.trigger_activate)
    assert node.shell.core.parameters_now.integer("volume") == 3


def test_reconfiguration_that_fails_can_be_repaired(robot):
    node = robot.toy()
    robot.do(node.trigger_deactivate)
    node.set_parameters([Parameter("prefix", value="refuse")])
    assert robot.do(node.trigger_activate) is FAILURE
    assert node.shell.condition.state is State.INACTIVE
    node.set_parameters([Parameter("prefix", value="good")])
    assert robot.do(node.trigger_activate) is SUCCESS


@pytest.mark.parametrize(
    ("name", "value", "active", "reason"),
    [
        ("prefix", "x", True, "can't change while the node is active: first ros2 lifecycle set"),
        ("gain", 11.0, False, "out of range"),
        ("gain", 1, False, "Wrong parameter type"),
        ("count", 0, False, "out of range"),
        ("mode", "medium", False, "must be one of slow, fast, received 'medium'"),
        ("fixed", True, False, "read-only"),
    ],
)
def test_refused_change_says_why_and_changes_nothing(robot, name, value, active, reason):
    node = robot.toy(start=active)
    before = node.get_parameter(name).value
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful
    assert reason in result.reason
    assert node.get_parameter(name).value == before


def test_parameters_are_described(robot):
    node = robot.toy(start=False)
    gain, count, mode, names = node.describe_parameters(["gain", "count", "mode", "names"])
    assert (gain.type, gain.description) == (ParameterType.PARAMETER_DOUBLE, "A number.")
    assert (gain.floating_point_range[0].from_value, gain.floating_point_range[0].to_value) == (
        0.0,
        10.0,
    )
    assert count.integer_range[0].from_value == 1
    assert count.integer_range[0].to_value == 2**63 - 1
    assert mode.additional_constraints == "one of: slow, fast"
    assert names.type == ParameterType.PARAMETER_STRING_ARRAY


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("gain:=11.0", "the parameter gain must be a number from 0 to 10, received 11.0"),
        ("gain:=fast", "gain must be a number from 0 to 10, received 'fast'"),
        ("count:=0", "count must be a whole number of at least 1, received 0"),
        ("mode:=medium", "must be one of slow, fast"),
    ],
)
def test_bad_value_at_the_start_is_one_sentence(robot, argument, reason):
    with pytest.raises(ConfigurationError, match=reason):
        RosNode("toy", Toy, ros_arguments=["-p", argument])


def test_qos_is_overridable(robot):
    robot.toy("-p", "qos_overrides./text.subscription.reliability:=best_effort")
    [info] = robot.wait(lambda: robot.peer.get_subscriptions_info_by_topic("/text"))
    assert info.qos_profile.reliability.name == "BEST_EFFORT"


def test_the_core_knows_what_its_inputs_are_called_here(robot):
    node = robot.toy("-r", "__ns:=/front", "-r", "text:=words")
    assert node.shell.core.topic("text") == "/front/words"
    assert node.shell.core.topic("image") == "/front/image"


def test_manager_starts_a_node_without_autostart(robot):
    node = robot.toy("-p", "autostart:=false")
    assert node.shell.condition.state is State.UNCONFIGURED


def test_simulated_time_that_stands_still_is_reported(robot):
    robot.toy("-p", "use_sim_time:=true")
    robot.wait(lambda: robot.level("toy: step") == 2)
    assert "/clock" in robot.status["toy: step"].message


def test_simulated_time_reaches_the_core(robot):
    from rosgraph_msgs.msg import Clock

    node = robot.toy("-p", "use_sim_time:=true")
    times = []
    step = node.shell.core.step
    node.shell.core.step = lambda inputs, now: times.append(now) or step(inputs, now)
    clock = robot.speak("/clock", Clock)
    tick = Clock()
    tick.clock.sec = 42
    robot.wait(lambda: times or clock.publish(tick))
    assert times[0] == 42_000_000_000


class Patient(Toy):
    """Waits for messages for longer than any test."""

    def period(self):
        return 10 * PATIENCE


def test_stopping_takes_no_longer_than_a_step(robot, monkeypatch):
    monkeypatch.setattr("edge_perception.transport.worker.STOP_TIMEOUT", 10 * PATIENCE)
    node = RosNode("patient", Patient)
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    assert robot.do(node.trigger_deactivate) is SUCCESS
