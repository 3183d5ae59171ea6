"""Whoever watches a robot is no part of it."""

from __future__ import annotations

from typing import Any

import pytest
from rclpy.node import HIDDEN_NODE_PREFIX

from edge_perception.transport.ros import watch
from edge_perception.transport.stop import Stop

pytestmark = pytest.mark.ros


def test_who_watches_a_robot_is_hidden_in_its_graph(robot: Any) -> None:
    watcher = watch.make(Stop(), "robot_1", once=False)
    robot.nodes.append(watcher)
    names = robot.wait(
        lambda: [n for n in robot.peer.get_node_names_and_namespaces() if n[1] == "/robot_1"]
    )
    assert all(name.startswith(HIDDEN_NODE_PREFIX) for name, _ in names)
