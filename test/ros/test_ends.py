"""However the robot ends, it ends cleanly, and those who obey it are left with the safe action."""

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool, String

from bench import ends
from edge_perception.core.decision.node import DecisionCore
from edge_perception.ending import PARENT
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.transport.ros.node import RosNode
from edge_perception.transport.ros.typesupport import rosidl_class

pytestmark = pytest.mark.ros
TOY = [sys.executable, str(Path(__file__).parents[1] / "toy.py")]
DECISION = [sys.executable, "-m", "edge_perception.nodes.decision"]
ROBOT = [sys.executable, "-m", "edge_perception.cli", "up"]
SPEED = 0.5
ERROR = 2
PATIENCE = 120.0
RULES = f"""
version: 1
timeout: {{detections: 30}}
actions:
  go: {{limit: {{linear: {SPEED}, angular: 1}}, trigger: true}}
  stop: {{limit: {{linear: 0, angular: 0}}}}
default: go
safe: stop
rules:
  - {{name: person ahead, when: {{label: person}}, action: stop}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> list[str]:
    """Return ROS arguments for a decision node that says "go" for long after an image."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return ["--ros-args", "-p", f"rules:={path}"]


class Obeying:
    """What those hear who obey the decision node."""

    def __init__(self, robot: Any) -> None:
        self.robot = robot
        self.limits = robot.hear("cmd_vel_limit", Twist)
        self.stamped = robot.hear("cmd_vel_limit_stamped", TwistStamped)
        self.triggers = robot.hear("trigger", Bool)
        self.decisions = robot.hear("decision", rosidl_class("edge_perception/msg/Decision"))
        array = rosidl_class("edge_perception/msg/DetectionArray")
        self.images = robot.peer.create_publisher(array, "detections", 10)
        self.seen = array(image_width=640, image_height=480)

    def show(self) -> bool:
        """Show an image in which nothing is; tell whether the robot may go."""
        self.seen.header.stamp = self.robot.peer.get_clock().now().to_msg()
        self.images.publish(self.seen)
        heard = self.triggers and self.limits and self.stamped
        return bool(heard and self.triggers[-1].data and self.limits[-1].linear.x == SPEED)

    def is_safe(self) -> bool:
        """Tell whether the last words were those of the safe action."""
        limits = (self.limits[-1], self.stamped[-1].twist)
        return all(limit.linear.x == 0 for limit in limits) and not self.triggers[-1].data


@pytest.fixture
def obeying(robot: Any) -> Obeying:
    return Obeying(robot)


@pytest.fixture
def decision(robot: Any, obeying: Obeying, rules: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Yield the process of a decision node that has said "go"."""
    with subprocess.Popen([*DECISION, *rules], stderr=subprocess.PIPE, text=True) as process:
        try:
            robot.wait(obeying.show)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_last_words_before_the_end_are_the_safe_action(robot, obeying, decision, number):
    decision.send_signal(number)
    assert decision.wait(PATIENCE) == 0
    robot.wait(obeying.is_safe)
    assert obeying.decisions[-1].safe
    assert obeying.decisions[-1].reason == "the node was stopped"


def test_a_guard_has_the_last_words_of_a_process_that_is_killed(robot, obeying, decision):
    killed = robot.peer.get_clock().now().to_msg()
    decision.kill()
    robot.wait(obeying.is_safe)
    stamp = obeying.stamped[-1].header.stamp
    assert (stamp.sec, stamp.nanosec) > (killed.sec, killed.nanosec)
    _, complaint = decision.communicate(timeout=PATIENCE)
    assert "the process of /decision was killed" in complaint
    # said here, since the middleware may not tell the names of so short-lived nodes
    assert "by /decision_guard" in complaint
    assert obeying.is_safe()


def test_a_guard_speaks_until_it_is_heard(robot):
    """On a machine that is too busy, others discover it later than it would have spoken."""
    program = """
from edge_perception import messages
from edge_perception.messages.types import String
from edge_perception.transport.ros import guard
guard.SPEAKING, guard.LONGEST = 0.0, 600.0
word = messages.serialize(String(data="stop"))
guard.speak({"/toy": [("/safe", "std_msgs/msg/String", word)]})
"""
    with subprocess.Popen([sys.executable, "-c", program]) as guard:
        try:
            robot.wait(lambda: "toy_guard" in robot.peer.get_node_names())
            robot.hear("safe", String)
            assert guard.wait(PATIENCE) == 0
        finally:
            guard.kill()


def test_a_node_that_is_deactivated_leaves_the_safe_action(robot, obeying, rules):
    node = RosNode("decision", lambda: DecisionCore(this_machine()), ros_arguments=rules[1:])
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    robot.wait(obeying.show)
    assert robot.do(node.trigger_deactivate) is TransitionCallbackReturn.SUCCESS
    robot.wait(obeying.is_safe)
    robot.wait(lambda: robot.level("decision: lifecycle") == 2)  # somebody obeys it
    assert "inactive" in robot.status["decision: lifecycle"].message


def test_a_clock_that_stops_with_its_images_leads_to_the_safe_action(robot, obeying, rules):
    node = RosNode(
        "decision",
        lambda: DecisionCore(this_machine()),
        ros_arguments=[*rules[1:], "-p", "use_sim_time:=true"],
    )
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    clock, time = robot.speak("/clock", Clock), Clock()

    def go_on() -> bool:
        time.clock.nanosec += 1_000_000
        clock.publish(time)
        obeying.seen.header.stamp = time.clock
        obeying.images.publish(obeying.seen)
        return bool(obeying.triggers and obeying.triggers[-1].data)

    time.clock.sec = 42
    robot.wait(go_on)
    robot.wait(obeying.is_safe)  # which no age of the image leads to: it stands still, too
    robot.wait(lambda: "the clock stands still" in obeying.decisions[-1].reason)
    robot.wait(lambda: robot.level("decision: step") == 2)
    assert "/clock does not advance" in robot.status["decision: step"].message
    robot.wait(go_on)  # with the clock it goes on


def test_two_who_decide_at_once_are_errors_on_both_sides(robot, rules):
    for name in ("one", "two"):
        node = RosNode(name, lambda: DecisionCore(this_machine()), ros_arguments=rules[1:])
        robot.nodes.append(node)
        assert node.start()
        robot.own.add_node(node)
    for output in ("decision", "limit", "limit_stamped", "trigger"):
        for name in ("one", "two"):
            status = f"{name}: output {output}"
            robot.wait(lambda status=status: robot.level(status) == 2)
            said = "/one and /two publish on /"
            robot.wait(
                lambda status=status, said=said: robot.status[status].message.startswith(said)
            )


@pytest.mark.parametrize("command", [[*ROBOT, "--wheels=simulated"], DECISION])
def test_a_signal_while_modules_are_loaded_ends_the_program(command):
    """At each of these moments another module is being loaded."""
    for _ in range(4):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            while not ends.listens(process.pid):
                pass
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output) == (0, "")


def test_clean_ends_at_random_moments(tiny_bundle, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["ends", "--model", str(tiny_bundle), "--tries", "6", "--last", "2"]
    )
    assert ends.main() == 0, capsys.readouterr().out


def test_a_middleware_that_hangs_costs_nothing_of_what_is_done_with_the_nodes():
    """So a replay writes its numbers, and ends with its own exit code."""
    program = """
import ctypes, sys
from edge_perception import cli, commands
from edge_perception.core.node import NodeCore, Ports
from edge_perception.transport.ros import node, process

class Core(NodeCore):
    def ports(self, parameters): return Ports()
    def step(self, inputs, now): return ()

def run(arguments):
    def make(stop):
        stop.set()
        return [node.RosNode("short", Core)]
    print("nodes", process.run(make, []))
    return 3

process.LONGEST_GOODBYE = 0.2
process.RosNode.destroy_node = lambda self: ctypes.PyDLL(None).pause()
commands.main = run
sys.exit(cli.main([]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "nodes 0\n"), done.stderr


def test_the_robot_ends_with_the_process_that_it_belongs_to():
    with subprocess.Popen(["sleep", "600"]) as parent:
        environment = {**os.environ, PARENT: str(parent.pid)}
        with subprocess.Popen(TOY, env=environment) as robot:
            while not ends.listens(robot.pid):
                pass
            parent.kill()
            assert robot.wait(PATIENCE) == 0
    assert (
        subprocess.run(TOY, env=environment, timeout=PATIENCE).returncode == 0
    )  # it is gone already


def test_a_parent_that_can_not_be_watched_is_named():
    done = subprocess.run(
        [*DECISION, "--ros-args", "-p", "rules:=/nowhere"],
        env={**os.environ, PARENT: "launch"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    )
    assert f"{PARENT}=launch: this process can't be watched" in done.stderr


def test_a_decision_that_is_stopped_stops_the_robot_until_it_goes_on(robot, obeying, decision):
    """Its guard waits until it ends, and nobody else speaks: the gate has the last word."""
    gate = base.make(base.find("velocity_gate"), [])
    robot.nodes.append(gate)
    assert gate.start()
    robot.own.add_node(gate)
    driven = robot.hear("cmd_vel_out", TwistStamped)
    commands = robot.speak("cmd_vel_in", TwistStamped)
    command = TwistStamped()
    command.twist.linear.x = 2.0

    def drives(speed: float) -> bool:
        obeying.show()
        commands.publish(command)
        return bool(driven) and driven[-1].twist.linear.x == speed

    def is_named() -> bool:  # a node's name is discovered a little later than its messages
        publishers = gate.get_publishers_info_by_topic("/decision")
        return any(publisher.node_name == "decision" for publisher in publishers)

    robot.wait(lambda: drives(SPEED))
    robot.wait(is_named)
    decision.send_signal(signal.SIGSTOP)
    robot.wait(lambda: drives(0))
    robot.wait(lambda: robot.level("velocity_gate: input decision") == ERROR)
    said = robot.status["velocity_gate: input decision"].message
    assert said.startswith("no message comes on /decision although /decision publishes there")
    assert not obeying.is_safe()  # whoever obeys without a time-out goes on
    decision.send_signal(signal.SIGCONT)
    robot.wait(lambda: drives(SPEED))
