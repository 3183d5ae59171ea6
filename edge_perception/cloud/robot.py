"""
A robot that decides on what its model, a server, or both see, and is watched: one run of it.

``python -m edge_perception.cloud.robot ORDER`` runs it in a process of its own, whose processor
time is the robot's: camera, perception and decision as ``edge-robot up --transport local`` starts
them. It prints ``begin`` when its images begin to count, ``frame N`` after each, and the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
import math
import sys
import time
from typing import cast

from edge_perception import ending, messages
from edge_perception.cloud.alone import Alone
from edge_perception.cloud.record import Mode, Order, Record, request_of, Said
from edge_perception.core.environment import Environment
from edge_perception.core.perception.model import ModelRequest, RunnableModel
from edge_perception.core.stamps import nanoseconds
from edge_perception.drivers import energy
from edge_perception.drivers.remote.asking import Asking, Local
from edge_perception.environment import this_machine
from edge_perception.messages.types import CameraInfo, Decision
from edge_perception.nodes import base
from edge_perception.robot import graph as graphs
from edge_perception.robot.plan import plan, Start, StartRequest
from edge_perception.transport.local import process
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop

GRACE = 0.5  # seconds in which a decision on the last image may come
_PATIENCE = 60.0  # seconds beyond those that the images take
_NAME = "_edge_robot_compared"


class Watch:
    """Sees what the robot's nodes say, in the threads in which they say it."""

    def __init__(self, bus: Bus, order: Order, stop: Stop, asking: Sequence[Asking]) -> None:
        """
        Begin to listen.

        :param asking: the models that ask the server, as soon as they are loaded.
        """
        self._order, self._stop, self._asking = order, stop, asking
        self._last = order.frames + math.ceil(GRACE * order.rate)
        self._count = -order.warm_up
        self._account = _Account(asking)
        self._frames: list[int] = []
        self._said: list[Said] = []
        self.record: Record | None = None
        for topic, kind, receive in (
            ("/camera/camera_info", "sensor_msgs/msg/CameraInfo", self._see_frame),
            ("/decision", "edge_perception/msg/Decision", self._see_decision),
        ):
            bus.read(End(f"/{_NAME}", topic, kind, receive))

    def _see_frame(self, data: bytes) -> None:
        """Count an image; what counts goes from the first one to the one behind the last."""
        number = self._count
        self._count += 1
        if number == 0:
            self._account = _Account(self._asking)
            print("begin", flush=True)
        self._account.look()
        if 0 <= number < self._order.frames:
            info = messages.deserialize(data, CameraInfo)
            self._frames.append(nanoseconds(info.header.stamp))
            print(f"frame {number + 1}", flush=True)
        elif number == self._order.frames:
            self.record = self._account.close(self._frames, self._said)
        if number == self._last:
            for one in self._asking:
                if isinstance(one, Alone):
                    one.give_up()
            self._stop.set()

    def _see_decision(self, data: bytes) -> None:
        now = time.time_ns()
        decision = messages.deserialize(data, Decision)
        self._said.append(Said(now, nanoseconds(decision.header.stamp), decision.safe))


class _Account:
    """What the robot needs from a moment on."""

    def __init__(self, asking: Sequence[Asking]) -> None:
        self._asking = asking
        self._asked = self._sum()
        self._meter, self._why = energy.find()
        self._joules: float | None = None
        self._begin, self._cpu = time.time_ns(), time.process_time()

    def look(self) -> None:
        """Read what must be read again and again."""
        if self._meter is not None:
            try:
                self._joules = self._meter.joules()
            except (OSError, ValueError) as error:
                self._meter, self._joules = None, None
                self._why = f"its counter can't be read any more: {error}"

    def close(self, frames: Sequence[int], said: Sequence[Said]) -> Record:
        """
        Return what came of it till now.

        :param said: goes on to grow.
        """
        now = self._sum()
        return Record(
            self._begin,
            time.time_ns(),
            frames,
            said,
            time.process_time() - self._cpu,
            self._joules,
            self._meter.source if self._meter else self._why,
            {name: count - self._asked.get(name, 0) for name, count in now.items()},
        )

    def _sum(self) -> dict[str, int]:
        """Return the accounts of all models that ask a server together."""
        sums: dict[str, int] = {}
        for one in self._asking:
            for name, count in asdict(one.account).items():
                sums[name] = sums.get(name, 0) + count
        return sums


def run(order: Order) -> Record | None:
    """
    Run the robot.

    :returns: what was seen; None if it was not started, or too few images came in time.
    """
    starts = _plan(order)
    bus, asking = Bus(), list[Asking]()
    environment = _asking_environment(order, asking)
    watches: list[Watch] = []

    def make_nodes(stop: Stop) -> Iterator[Shell]:
        watches.append(Watch(bus, order, stop, asking))
        for start in starts:
            make_core = base.find(start.kind).make_core
            yield Shell(partial(make_core, environment), LocalEndpoints(bus, start))

    seconds = (order.warm_up + order.frames) / order.rate + _PATIENCE
    process.run(bus, make_nodes, seconds)
    return watches[0].record


def _plan(order: Order) -> list[Start]:
    values = {"model": order.model, "camera": order.camera, "rules": order.rules}
    starts = plan(graphs.load(), StartRequest(values))
    return [
        replace(one, parameters={**one.parameters, "rate": order.rate})
        if one.kind == "camera"
        else one
        for one in starts
    ]


def _asking_environment(order: Order, asking: list[Asking]) -> Environment:
    """Return this machine, where each model also asks the server, or leaves it to it."""
    here, remote = this_machine(), request_of(order)

    def load(wanted: ModelRequest) -> RunnableModel:
        model = here.load(wanted if order.mode is Mode.REMOTE else replace(wanted, remote=remote))
        if remote is not None and order.mode is Mode.REMOTE:
            model = Alone(cast("Local", model), remote)  # which this machine's models are
        if isinstance(model, Asking):
            asking.append(model)
        return model

    return replace(here, load=load)


def main() -> int:
    """Run what the command line says."""
    record = run(Order.of_json(sys.argv[1]))
    if record is None:
        return 1
    print(record.to_json(), flush=True)
    return 0


if __name__ == "__main__":
    ending.at_once()
    sys.exit(main())
