"""How messages reach a node: by a thread of its own, or when its core looks at them anyway."""

from collections.abc import Mapping
from pathlib import Path
import threading

import pytest
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String

from edge_perception import messages
from edge_perception.core.node import Message, NodeCore, Outputs, Port
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros
Text = messages.get("std_msgs/msg/String")


class Sleeper(NodeCore):
    """Is woken by one input only, and notes what it is given."""

    inputs = (
        Port("alarm", "std_msgs/msg/String", "alarm"),
        Port("mail", "std_msgs/msg/String", "mail", queue=100, prompt=False),
        Port("paper", "std_msgs/msg/String", "paper", prompt=False),
    )
    outputs = (Port("echo", "std_msgs/msg/String", "echo"),)

    def __init__(self) -> None:
        self.given: list[dict[str, list[str]]] = []

    def period(self) -> float:
        return 60.0

    def step(self, inputs: Mapping[str, Message], now: int) -> Outputs:
        self.given.append(
            {
                port: [one.data for one in (got if isinstance(got, list) else [got])]
                for port, got in inputs.items()
            }
        )
        return [("echo", Text(data="seen"))]


@pytest.fixture
def sleeper(robot):
    node = RosNode("sleeper", Sleeper)
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    return node


def received(node, port):
    return node.shell.worker.slots.traffic[port].received


def test_messages_that_are_not_prompt_wait_for_the_next_step_and_none_is_lost(robot, sleeper):
    mail, paper = robot.speak("mail", String, 100), robot.speak("paper", String, 100)
    alarm = robot.speak("alarm", String)
    for number in range(30):
        mail.publish(String(data=f"letter {number}"))
        paper.publish(String(data=f"issue {number}"))
    # it is counted without a step, so that what a core does not look at is not called silent
    robot.wait(lambda: (received(sleeper, "mail"), received(sleeper, "paper")) == (30, 30))
    alarm.publish(String(data="ring"))
    robot.wait(lambda: any("alarm" in given for given in sleeper.shell.core.given))
    seen = [given for given in sleeper.shell.core.given if "alarm" in given]
    assert seen == [
        {
            "alarm": ["ring"],
            "mail": [f"letter {number}" for number in range(30)],
            "paper": ["issue 29"],
        }
    ]


def test_with_simulated_time_every_message_is_prompt(robot):
    node = RosNode("sleeper", Sleeper, ros_arguments=["-p", "use_sim_time:=true"])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    mail = robot.speak("mail", String)
    mail.publish(String(data="letter"))
    robot.wait(lambda: node.endpoints.receiver._subscriptions and received(node, "mail") == 1)
    assert len(node.endpoints.receiver._subscriptions) == 3


def test_messages_arrive_although_no_executor_runs(robot, sleeper):
    robot.own.remove_node(sleeper)
    heard = robot.hear("echo", String)
    robot.speak("alarm", String).publish(String(data="ring"))
    robot.wait(lambda: heard)


def test_an_executor_leaves_messages_to_the_thread_of_the_node(robot, sleeper):
    executor = SingleThreadedExecutor()
    served = [one for one in sleeper.subscriptions if executor.can_execute(one)]
    executor.shutdown()
    assert {one.topic_name for one in served}.isdisjoint({"/alarm", "/mail", "/paper"})


def test_a_node_that_is_deactivated_receives_no_more_and_then_again(robot, sleeper):
    alarm = robot.speak("alarm", String)
    before = set(threading.enumerate())
    robot.do(sleeper.trigger_deactivate)
    assert [one.name for one in before - set(threading.enumerate())].count("sleeper input") == 1
    robot.wait(lambda: alarm.get_subscription_count() == 0)
    robot.do(sleeper.trigger_activate)
    robot.wait(alarm.get_subscription_count)
    alarm.publish(String(data="ring"))
    robot.wait(lambda: any("alarm" in given for given in sleeper.shell.core.given))


def test_a_callback_that_fails_costs_one_message(robot, sleeper, monkeypatch):
    errors = []
    monkeypatch.setattr(sleeper.endpoints.receiver, "_report", errors.append)
    alarm = robot.speak("alarm", String)
    subscription = next(one for one in sleeper.subscriptions if one.topic_name == "/alarm")
    good = subscription.callback

    def fail(data: bytes, info: Mapping[str, object]) -> None:
        subscription.callback = good
        raise ValueError("no room")

    subscription.callback = fail
    alarm.publish(String(data="lost"))
    robot.wait(lambda: errors)
    assert str(errors[0]) == "no room"
    alarm.publish(String(data="ring"))
    robot.wait(lambda: any(given.get("alarm") == ["ring"] for given in sleeper.shell.core.given))


def test_the_threads_of_a_node_carry_its_name(robot, sleeper):
    def names() -> list[str]:
        return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]

    robot.wait(lambda: names().count("sleeper") == 2)
