"""What a node is made of, and how it runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

from edge_perception import ending, nodes
from edge_perception.core.environment import Environment
from edge_perception.core.node import NodeCore
from edge_perception.environment import this_machine

if TYPE_CHECKING:
    from edge_perception.transport.ros.node import RosNode


@dataclass(frozen=True)
class NodeType:
    """
    A kind of node; a module of this package defines it as ``NODE``.

    :ivar name: that of the module, of the executable, and of the node unless it is remapped.
    :ivar make_core: makes its core in an environment.
    :ivar late: modules that it loads when it is configured, unless they are there.
    """

    name: str
    make_core: Callable[[Environment], NodeCore]
    late: tuple[str, ...] = ()


def names() -> list[str]:
    """Return the names of all kinds of nodes."""
    return sorted(
        module.name for module in pkgutil.iter_modules(nodes.__path__) if module.name != "base"
    )


def find(name: str) -> NodeType:
    """Return the kind of node of that name, one of `names`."""
    found = importlib.import_module(f"{nodes.__name__}.{name}").NODE
    assert isinstance(found, NodeType)
    return found


def make(kind: NodeType, ros_arguments: Sequence[str] = ()) -> RosNode:
    """
    Create a node, in a process where rclpy was initialised.

    :param ros_arguments: for this node alone
    """
    from edge_perception.transport.ros.node import RosNode

    environment = this_machine()
    return RosNode(kind.name, lambda: kind.make_core(environment), ros_arguments)


def run(kind: NodeType) -> int:
    """
    Run one node, with the ROS arguments of the command line, until it is told to stop.

    :returns: the exit code
    """
    ending.at_once()
    from edge_perception.transport.ros import process
    from edge_perception.transport.ros.arguments import ros_arguments

    return process.run(lambda stop: [make(kind, ros_arguments(sys.argv))], sys.argv)
