"""A bag through the robot's nodes on a transport: in simulated time, where others can listen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
import time
from typing import TYPE_CHECKING

from edge_perception.bags.bag import Bag
from edge_perception.bags.player_core import PlayerCore
from edge_perception.bags.record import Topic
from edge_perception.core.node import NodeCore, Port, Qos
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.replay.observation import Roles
from edge_perception.replay.observer_core import ObserverCore
from edge_perception.replay.run import Played
from edge_perception.replay.sources import Cast, exchanged
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start
from edge_perception.transport.bag.environment import without_devices
from edge_perception.transport.bag.replay import ReplayError
from edge_perception.transport.bag.scheduler import Listen
from edge_perception.transport.stop import Stop

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network

Node = tuple[Start, Callable[[], NodeCore]]
"""How a node is started, and what makes its core."""
Run = Callable[[Sequence[Node], Callable[[Stop], None]], int]
"""Runs nodes till told to stop, which what it is given is called with; returns the exit code."""


def play(
    bag: Bag,
    parts: Cast,
    graph: Graph,
    roles: Roles,
    run: Run,
    rate: float,
    listeners: Sequence[Listen],
) -> Played:
    """
    Play a bag: its player, the nodes and who listens to them share a process.

    :param roles: the topics that are listened to.
    :param run: `on_ros`, or what `on_nanomsg` returns.
    :param rate: times real time.
    :raises BagError: if the bag can't be read, or has no message.
    :raises ReplayError: if a node can't be started.
    """
    read, said = exchanged(parts.starts, graph)
    looked_at = {*vars(roles).values(), f"{roles.image}/compressed"} - {""}
    played = _played(bag.topics(), parts.names, read.keys() | looked_at, said)
    player = PlayerCore(bag, played, rate)
    heard = [*played.values(), *_named(said)]
    observer = ObserverCore(
        [port for port in heard if port.topic in looked_at],
        player.begin,
        lambda: player.is_done,
        {roles.decision},
        listeners,
    )
    environment = without_devices(this_machine())
    nodes: list[Node] = [
        (
            replace(start, use_sim_time=True),
            partial(base.find(start.kind).make_core, environment),
        )
        for start in parts.starts
    ]
    nodes.append((Start("_edge_robot_observer", "", use_sim_time=True), lambda: observer))
    nodes.append((Start("_edge_robot_player", ""), lambda: player))
    began = time.monotonic()

    def begin(stop: Stop) -> None:
        player.ended = stop.set

    if run(nodes, begin) and not player.is_done:
        raise ReplayError("the robot did not run to the end of the bag, for the reason above")
    return Played(
        begin=player.begin,
        end=max(player.begin, player.reached),
        messages=player.count,
        published={topic: n for topic, n in observer.counts.items() if topic in said},
        wall=time.monotonic() - began,
        problems=tuple(bag.problems),
        whole=player.is_done,
    )


def on_ros(nodes: Sequence[Node], begin: Callable[[Stop], None]) -> int:
    """
    Run nodes in ROS 2: a `Run`.

    :raises RequestError: if it can't be imported.
    """
    try:
        from edge_perception.transport.ros import process
        from edge_perception.transport.ros.arguments import arguments_of
        from edge_perception.transport.ros.node import RosNode
    except ImportError as error:
        raise RequestError(
            f"--transport ros needs ROS 2, which can't be imported ({error}): source its "
            "setup.bash, or leave the option out"
        ) from error

    def make(stop: Stop) -> Iterator[RosNode]:
        begin(stop)
        for start, make_core in nodes:
            yield RosNode(start.name, make_core, arguments_of(start))

    return process.run(make, [])


def on_nanomsg(network: Network) -> Run:
    """Return what runs nodes whose topics other processes find without ROS."""
    from edge_perception.transport.local import process
    from edge_perception.transport.local.bus import Bus
    from edge_perception.transport.shell import Shell
    from edge_perception.transport.sp.endpoints import SpEndpoints
    from edge_perception.transport.sp.process import linked

    def run(nodes: Sequence[Node], begin: Callable[[Stop], None]) -> int:
        bus = Bus()

        def make(stop: Stop) -> Iterator[Shell]:
            begin(stop)
            for start, make_core in nodes:
                yield Shell(make_core, SpEndpoints(bus, start, link, lambda node, words: None))

        with linked(bus, network, lambda request: b"") as link:
            return process.run(bus, make)

    return run


def _played(
    topics: Sequence[Topic],
    names: Mapping[str, str],
    wanted: Collection[str],
    said: Collection[str],
) -> Mapping[str, Port]:
    """
    Return the outputs of the player, by the topics of the bag.

    :param names: the topics of the robot by those of the bag, where they differ.
    :param wanted: topics that somebody reads.
    :param said: those on which nodes publish anew.
    """
    ports = {}
    for number, topic in enumerate(topics):
        name = names.get(topic.name, topic.name)
        if name in wanted and name not in said:
            qos = Qos.LATCHED if name.endswith("_static") else Qos.DEFAULT
            ports[topic.name] = Port(f"played_{number}", topic.type, name, qos)
    return ports


def _named(said: Mapping[str, Port]) -> Iterator[Port]:
    """Yield ports with names that are unique, by their full topics."""
    for number, (topic, port) in enumerate(said.items()):
        yield replace(port, name=f"said_{number}", topic=topic)
