"""The end points of a node whose bus is linked to other processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from edge_perception.core.node import Diagnostic, Port
from edge_perception.robot.plan import Start
from edge_perception.transport.endpoints import Words
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.sp.clock import SimulatedClock, TOPIC
from edge_perception.transport.sp.link import Link
from edge_perception.transport.worker import Worker


class SpEndpoints(LocalEndpoints):
    """Those of a process, and beyond: `transport.endpoints.Endpoints`."""

    def __init__(
        self, bus: Bus, start: Start, link: Link, hold: Callable[[str, Words], None]
    ) -> None:
        """
        Begin without any.

        :param hold: is given a node's name, and what to publish if the process is killed
        """
        super().__init__(
            bus, start, SimulatedClock(bus, start.full_name) if start.use_sim_time else None
        )
        self._link, self._hold = link, hold
        self._patient: tuple[str, ...] = ()

    def is_simulated(self) -> bool:
        """Tell whether the time is that of the topic /clock."""
        return self._start.use_sim_time

    def clock_remedy(self, begun: bool) -> str:
        """Return why the time stands still, and what to do."""
        if not self.is_simulated():
            return super().clock_remedy(begun)
        state = "has stopped" if begun else "has not begun"
        return f"simulated time {state}: publish it on {TOPIC}, or start without --use-sim-time"

    def connect(self, inputs: Sequence[Port], worker: Worker) -> None:
        """Read the topics of the inputs."""
        prompt = worker.slots.prompt
        self._patient = tuple(self.topic(port) for port in inputs if port.name not in prompt)
        super().connect(inputs, worker)

    def fetch(self) -> None:
        """Take what other processes have published for inputs that aren't prompt."""
        if self._patient:
            self._link.fetch(self._patient)

    def diagnose(self) -> list[Diagnostic]:
        """Report for each input whether messages come, and how many were lost on their way."""
        return [
            replace(one, values={**one.values, "lost": str(self._link.lost(one.values["topic"]))})
            if one.values
            else one
            for one in super().diagnose()
        ]

    def hold(self, words: Words) -> None:
        """Let the supervisor have what is to be published if the process is killed."""
        self._hold(self.name, words)
