"""The bond with Nav2's lifecycle manager, whose side is played as its bondcpp plays it."""

import importlib.util
from typing import Any
import uuid

import foreign
import pytest

from edge_perception.transport.ros import bond as bonds
from edge_perception.transport.ros.bond import State
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros
STRANGER = "a stranger"


@pytest.fixture(scope="module")
def status(made_once: Any) -> Any:
    """Return the class bond.msg.Status."""
    if not importlib.util.find_spec("bond"):
        folder = made_once("bond", lambda path: foreign.build("bond", foreign.BOND, path))
        foreign.load("bond", folder)
    return importlib.import_module("bond.msg").Status


class Manager:
    """The manager's side: it repeats that it lives, and hears what the node says."""

    def __init__(self, robot: Any, status: Any, node: str) -> None:
        self.robot, self.status, self.node = robot, status, node
        self.me = str(uuid.uuid4())
        self.all = robot.hear("bond", status, 100)
        self.publisher = robot.speak("bond", status, 5)

    @property
    def heard(self) -> list[Any]:
        return [one for one in self.all if one.instance_id not in (self.me, STRANGER)]

    def say(self, active: bool, node: str = "", instance: str = "") -> None:
        self.publisher.publish(
            self.status(id=node or self.node, instance_id=instance or self.me, active=active)
        )


def managed(robot: Any, *arguments: str) -> RosNode:
    words = [word for argument in ("autostart:=false", *arguments) for word in ("-p", argument)]
    node: RosNode = robot.toy(*words)
    robot.do(node.trigger_configure)
    robot.do(node.trigger_activate)
    return node


def test_an_active_node_lives_and_says_when_it_does_no_more(robot: Any, status: Any) -> None:
    node = managed(robot, "bond_heartbeat_period:=0.05")
    manager = Manager(robot, status, "toy")
    robot.wait(lambda: len(manager.heard) >= 3)
    first = manager.heard[0]
    assert (first.id, first.active, first.heartbeat_timeout) == ("toy", True, 4.0)
    assert first.heartbeat_period == pytest.approx(0.05)
    robot.wait(lambda: manager.say(True) or node._bond.state is State.ALIVE)
    robot.do(node.trigger_deactivate)
    deaths = robot.wait(lambda: [one for one in manager.heard if not one.active])
    assert deaths[0].instance_id == first.instance_id
    count = len(deaths)  # it is repeated until the manager has understood
    robot.wait(lambda: len([one for one in manager.heard if not one.active]) > count)
    manager.say(False)
    robot.wait(lambda: node._bond.state is State.DEAD)
    robot.do(node.trigger_activate)  # a new life
    robot.wait(lambda: manager.heard[-1].active)
    assert manager.heard[-1].instance_id != first.instance_id


def test_a_manager_that_says_goodbye_gets_one_answer(robot: Any, status: Any) -> None:
    node = managed(robot, "bond_heartbeat_period:=0.05")
    manager = Manager(robot, status, "toy")
    robot.wait(lambda: manager.say(True) or node._bond.state is State.ALIVE)
    manager.say(False, node="another")
    manager.say(False, instance=STRANGER)
    alive = len(manager.heard)
    robot.wait(lambda: len(manager.heard) > alive + 3)
    assert manager.heard[-1].active
    manager.say(False)
    robot.wait(lambda: node._bond.state is State.DEAD)
    robot.wait(lambda: not manager.heard[-1].active)
    robot.wait(node._bond._timer.is_canceled)
    assert [one.active for one in manager.heard].count(False) == 1
    assert node.shell.condition.state.value == "active"  # the manager decides about that


def test_nobody_answers(robot: Any, status: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(bonds._TIMEOUTS, State.WAITING, 0.2)
    node = managed(robot, "bond_heartbeat_period:=0.05")
    robot.wait(lambda: node._bond.state is State.DEAD)


def test_no_bond_unless_a_manager_starts_the_node(robot: Any, status: Any) -> None:
    assert robot.toy()._bond is None


def test_the_bond_can_be_switched_off(robot: Any, status: Any) -> None:
    assert managed(robot, "bond_heartbeat_period:=0.0")._bond is None


def test_without_the_package_the_node_works_and_says_what_a_manager_needs(
    robot: Any, monkeypatch: Any, capfd: Any
) -> None:
    monkeypatch.setattr(bonds, "rosidl_class", lambda name: missing(name))
    node = managed(robot)
    assert node.shell.condition.state.value == "active"
    assert "set the manager's bond_timeout to 0.0" in capfd.readouterr().err


def missing(name: str) -> Any:
    from edge_perception.transport.ros.typesupport import rosidl_class

    return rosidl_class(f"nowhere_{name}")
