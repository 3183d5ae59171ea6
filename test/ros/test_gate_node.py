"""The velocity gate over real ROS 2, between a decision and a base."""

import time

from geometry_msgs.msg import Twist, TwistStamped
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.serialization import serialize_message

from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.stamps import SECOND
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.robot import graph
from edge_perception.robot.plan import plan, RequestError, StartRequest
from edge_perception.transport.ros.arguments import arguments_of
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros
OK, WARN, ERROR = 0, 1, 2

RULES = """
version: 1
timeout: {detections: 5}
actions: {slow: {limit: {linear: 0.5, angular: 1}}}
default: slow
safe: slow
rules: [{name: thing, when: {label: thing}, action: slow}]
"""


def start(robot, node):
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    return node


def gate(robot, *ros_arguments):
    words = [word for argument in ros_arguments for word in ("-p", argument)]
    return start(robot, base.make(base.find("velocity_gate"), words))


def decision(robot, tmp_path):
    """Start a decision node that allows 0.5 m/s whatever it sees."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return start(
        robot,
        RosNode(
            "decision",
            lambda: DecisionCore(this_machine()),
            ros_arguments=["-p", f"rules:={path}"],
        ),
    )


def command(kind, forward):
    message = kind()
    (message if kind is Twist else message.twist).linear.x = forward
    return message


def forward(message):
    return (message if isinstance(message, Twist) else message.twist).linear.x


@pytest.mark.parametrize("kind", [Twist, TwistStamped])
def test_commands_are_limited_by_the_decision_and_end_with_a_stop(robot, tmp_path, kind):
    node = gate(robot, f"stamped:={str(kind is TwistStamped).lower()}")
    heard = robot.hear("cmd_vel_out", kind)
    publisher = robot.speak("cmd_vel_in", kind)
    robot.wait(lambda: heard)  # zeros, as there is no decision
    assert forward(heard[0]) == 0
    decider = decision(robot, tmp_path)
    robot.wait(lambda: publisher.publish(command(kind, 2.0)) or forward(heard[-1]) == 0.5)
    robot.do(decider.trigger_deactivate)
    robot.wait(lambda: publisher.publish(command(kind, 2.0)) or forward(heard[-1]) == 0)
    robot.do(decider.trigger_activate)
    robot.wait(lambda: publisher.publish(command(kind, 2.0)) or forward(heard[-1]) == 0.5)
    assert robot.do(node.trigger_deactivate) is TransitionCallbackReturn.SUCCESS
    robot.wait(lambda: forward(heard[-1]) == 0)
    assert {forward(message) for message in heard} == {0, 0.5}


def test_a_command_that_waited_is_not_followed_though_it_has_no_stamp(robot):
    node = gate(robot, "stamped:=false")
    robot.speak("cmd_vel_in", Twist)
    subscription = next(one for one in node.subscriptions if one.topic_name == "/cmd_vel_in")
    data = serialize_message(command(Twist, 2.0))
    name = "velocity_gate: input velocity_in"

    def is_named() -> bool:
        subscription.callback(data, {"source_timestamp": time.time_ns() - 2 * SECOND})
        said = "of /peer on /cmd_vel_in are not followed"
        return robot.level(name) == ERROR and said in robot.status[name].message

    robot.wait(is_named)
    traffic = node.shell.worker.slots.traffic["velocity_in"]
    assert traffic.received == 0
    robot.wait(
        lambda: (
            subscription.callback(data, {"source_timestamp": time.time_ns()}) or traffic.received
        )
    )
    robot.wait(lambda: robot.level(name) == OK)


def test_commands_of_the_other_type_are_named_with_what_to_do(robot):
    gate(robot)
    robot.peer.create_publisher(Twist, "cmd_vel_in", 10)
    robot.wait(lambda: robot.level("velocity_gate: input velocity_in") == ERROR)
    said = robot.status["velocity_gate: input velocity_in"].message
    assert "/peer publishes geometry_msgs/msg/Twist on /cmd_vel_in" in said
    assert said.endswith("set the parameter stamped to false")


def test_a_second_publisher_of_velocities_is_named(robot):
    gate(robot)
    robot.peer.create_publisher(TwistStamped, "cmd_vel_out", 10)
    output = "velocity_gate: output velocity_out"
    robot.wait(lambda: robot.level(output) == ERROR and "/peer" in robot.status[output].message)


def test_who_commands_nothing_is_no_fault(robot):
    gate(robot, "stamped:=false")
    publisher = robot.speak("cmd_vel_in", Twist)
    publisher.publish(command(Twist, 1.0))

    def silent():
        """Return its status once nothing has come for more than two seconds."""
        status = robot.status.get("velocity_gate: input velocity_in")
        values = {one.key: one.value for one in status.values} if status else {}
        since = values.get("seconds since last", "never")
        return status if since != "never" and float(since) > 2 else None

    assert robot.wait(silent).level == bytes([OK])


def test_speed_limit_without_nav2_is_refused_in_a_sentence(robot):
    node = base.make(base.find("velocity_gate"), ["-p", "nav2_max_speed:=0.5"])
    robot.nodes.append(node)
    try:
        import nav2_msgs  # noqa: F401
    except ImportError:
        assert not node.start()
        assert "install the package nav2_msgs" in node.shell.condition.problem
    else:
        assert node.start()


def test_the_gate_is_started_by_the_topic_that_it_takes_commands_from():
    robot = graph.load()
    assert "velocity_gate" not in {one.name for one in plan(robot, StartRequest({"model": "x"}))}
    given = {"model": "x", "cmd_vel_in": "cmd_vel_smoothed", "cmd_vel_out": "cmd_vel"}
    [words] = [
        arguments_of(one)
        for one in plan(robot, StartRequest({**given, "cmd_vel_stamped": "false"}))
        if one.name == "velocity_gate"
    ]
    for word in (
        "cmd_vel_in:=cmd_vel_smoothed",
        "cmd_vel_out:=cmd_vel",
        "stamped:=false",
    ):
        assert word in words
    with pytest.raises(
        RequestError, match="velocity_gate, which is left out: give cmd_vel_in, too"
    ):
        plan(robot, StartRequest({"model": "x", "cmd_vel_out": "cmd_vel"}))
