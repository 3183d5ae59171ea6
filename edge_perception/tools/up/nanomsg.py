"""``edge-robot up --transport nanomsg``: the robot in one process, or in several."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, ExitStack
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain, pairwise

from edge_perception import messages
from edge_perception.environment import this_machine
from edge_perception.messages.type_hash import digest
from edge_perception.nodes import base
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start
from edge_perception.tools.linked import network_of
from edge_perception.transport import log
from edge_perception.transport.local import process, watch
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp.address import Address
from edge_perception.transport.sp.announcement import Child
from edge_perception.transport.sp.choice import choose
from edge_perception.transport.sp.endpoints import SpEndpoints
from edge_perception.transport.sp.link import Link
from edge_perception.transport.sp.nursery import Nursery
from edge_perception.transport.sp.process import linked, Network
from edge_perception.transport.sp.services import Services
from edge_perception.transport.sp.standin import StandIn
from edge_perception.transport.sp.supervisor import Supervisor, Voice
from edge_perception.transport.stop import Stop

EACH = "each"
PORTS = 32
"""From one process to the next, beyond the one that is given to --listen."""
_PORTS_OF_TCP = 1 << 16
_View = Callable[[Bus, Stop], Shell]
"""Makes the node that shows decisions at the terminal."""


def run(graph: Graph, starts: Sequence[Start], options: argparse.Namespace) -> int:
    """
    Start the robot, and run it until told to stop.

    :returns: the exit code
    :raises RequestError: if it can't be started so
    """
    namespace = starts[0].namespace
    name = f"{namespace}/robot".strip("/").replace("/", ".")
    net = network_of(options, name, options.within, options.listen)
    view = partial(watch.make, namespace=namespace, once=options.once)
    if not options.processes:
        return _run(net, starts, Voice(), options.duration, view)
    return _supervise(net, _groups(starts, options.processes), options.duration, view)


def _run(
    net: Network,
    starts: Sequence[Start],
    voice: Voice,
    duration: float | None = None,
    view: _View | None = None,
) -> int:
    """Run nodes in this process."""
    bus, environment = Bus(), this_machine()
    services = Services(bus)

    def make(stop: Stop) -> Iterator[Shell]:
        if view is not None:
            yield view(bus, stop)
        for start in starts:
            make_core = base.find(start.kind).make_core
            endpoints = SpEndpoints(bus, start, link, voice.hold)
            shell = Shell(partial(make_core, environment), endpoints)
            services.add(shell, endpoints)
            link.nodes = services.nodes
            yield shell

    with linked(bus, net, services.answer) as link:
        return process.run(bus, make, duration, voice.ready)


def _supervise(
    net: Network,
    groups: Sequence[Sequence[Start]],
    duration: float | None,
    view: _View,
) -> int:
    """Run a process for each group of nodes, and show what they decide."""
    by_name = {group[0].full_name.strip("/").replace("/", "."): group for group in groups}
    nets = {
        name: replace(net, name=name, listen=_above(net.listen, index))
        for index, name in enumerate(by_name)
    }
    _prepare(groups)
    nursery = Nursery(lambda name, voice: _child(nets[name], by_name[name], Voice(voice)))
    bus = Bus()

    def make(stop: Stop) -> Iterator[Shell]:
        announce = partial(_announce, link)
        stack.enter_context(
            Supervisor(list(by_name), nursery.start, stand_in.speak, announce, stop.fail)
        )
        yield view(bus, stop)

    with ExitStack() as stack:
        stack.callback(nursery.close)
        link = stack.enter_context(linked(bus, net, Services(bus).answer))
        stand_in = stack.enter_context(closing(StandIn(bus)))
        return process.run(bus, make, duration)


def _above(listen: Address | None, index: int) -> Address | None:
    """
    Return where a child listens, if others of other machines are to reach it.

    :raises RequestError: if there is no such port
    """
    if listen is None or not listen.port:
        return listen
    port = listen.port + (index + 1) * PORTS
    if port + PORTS > _PORTS_OF_TCP:
        raise RequestError(f"{listen} leaves no room for the ports of {index + 1} processes above")
    return replace(listen, port=port)


def _prepare(groups: Sequence[Sequence[Start]]) -> None:
    """Load and make what nodes need to speak: processes that are forked then share it."""
    choose()
    for start in chain.from_iterable(groups):
        kind = base.find(start.kind)
        for name in kind.late:
            import_module(name)
        core = kind.make_core(this_machine())
        for port in (*core.inputs, *core.outputs):
            message = messages.get(port.type)
            messages.deserialize(messages.serialize(message()), message)  # which makes its codec
            digest(port.type)


def _child(net: Network, starts: Sequence[Start], voice: Voice) -> int:
    """Run some of the nodes, in a process that was started for them."""
    try:
        return _run(net, starts, voice)
    except RequestError as error:
        log.error("", str(error))
        return 1


def _announce(link: Link, children: Sequence[Child]) -> None:
    """Tell others of the processes, and a person of those that have ended."""
    before = {one.name: one.state for one in link.children}
    for one in children:
        if one.reason and one.state == "waiting" and before.get(one.name) != "waiting":
            log.error("", f"the process {one.name} {one.reason}; it is started again")
    link.children = children


def _groups(starts: Sequence[Start], wanted: str) -> list[list[Start]]:
    """
    Return which nodes share a process.

    :raises RequestError: if it is neither a number nor EACH
    """
    if wanted == EACH:
        return [[start] for start in starts]
    if not wanted.isdigit() or not int(wanted):
        raise RequestError(f"--processes is {wanted!r}: expected a number from 1, or {EACH}")
    count = min(int(wanted), len(starts))
    bounds = [len(starts) * index // count for index in range(count + 1)]
    return [list(starts[begin:end]) for begin, end in pairwise(bounds)]
