"""``edge-robot up --transport ros``: the nodes of ROS 2 in one process."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from edge_perception.core.trust import TRUSTED_KEYS
from edge_perception.nodes import base
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start

if TYPE_CHECKING:
    from edge_perception.transport.ros.node import RosNode
    from edge_perception.transport.stop import Stop


def run(graph: Graph, starts: Sequence[Start], options: argparse.Namespace) -> int:
    """
    Start the robot, and run it until told to stop.

    :returns: the exit code
    :raises RequestError: if it can't be started so
    """
    _refuse_unseen_files(starts, options.ros_arguments)
    ros_arguments = list(options.ros_arguments)
    if options.log_level:
        ros_arguments += ["--ros-args", "--log-level", options.log_level]
    try:
        from edge_perception.transport.ros import process, watch
        from edge_perception.transport.ros.arguments import arguments_of
    except ImportError as error:
        raise RequestError(
            f"edge-robot up needs ROS 2, which can't be imported ({error}): source the setup.bash "
            "of your ROS 2, or on x86-64, in a checkout of edge_perception, pip install '.[ros]'; "
            "without ROS 2 the robot runs with --transport nanomsg"
        ) from error

    def make_nodes(stop: Stop) -> Iterator[RosNode]:
        yield watch.make(stop, options.namespace, options.once)
        for start in starts:
            yield base.make(base.find(start.kind), arguments_of(start))

    return process.run(make_nodes, ros_arguments, options.duration)


def _refuse_unseen_files(starts: Sequence[Start], ros_arguments: Sequence[str]) -> None:
    """
    See that a robot that trusts somebody is given no file that nobody looks at.

    :raises RequestError: if ROS is to read parameters of a file
    """
    trusts = any(start.parameters.get(TRUSTED_KEYS.name) for start in starts)
    if trusts and "--params-file" in ros_arguments:
        raise RequestError(
            "with trusted_keys, give the parameter file as an option of edge-robot, before "
            "--ros-args, so that its signature is looked at"
        )
