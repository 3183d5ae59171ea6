"""The end points of a node on a `Bus`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from edge_perception import messages
from edge_perception.core.node import ConfigurationError, Diagnostic, Level, Port, Qos, Traffic
from edge_perception.core.parameters import Parameter, ParameterError, Parameters, Value
from edge_perception.core.stamps import SECOND
from edge_perception.messages import Message
from edge_perception.robot.parameter_files import ParameterFile
from edge_perception.robot.plan import Start
from edge_perception.transport import log
from edge_perception.transport.arrivals import Arrivals, rivalry
from edge_perception.transport.clock import Clock, SystemClock
from edge_perception.transport.endpoints import Words
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.worker import Worker

_OF_ROS = ("autostart", "bond_heartbeat_period", "use_sim_time")
"""Parameters that a node has in ROS 2 only, beside those of the core."""


class LocalOutput:
    """An output port: `transport.endpoints.Output`."""

    def __init__(self, bus: Bus, node: str, topic: str, port: Port) -> None:
        self._bus, self._port = bus, port
        self._type = messages.get(port.type)
        self._end = End(node, topic, port.type, latched=port.qos is Qos.LATCHED)
        bus.advertise(self._end)

    @property
    def topic(self) -> str:
        """Return the full name of the topic."""
        return self._end.topic

    @property
    def type(self) -> str:
        """Return the name of the message type."""
        return self._end.type

    def publish(self, message: Message) -> None:
        """Publish the bytes of a message."""
        if not isinstance(message, self._type):
            raise TypeError(f"expected {self._type.__name__}, received {type(message).__name__}")
        self._bus.publish(self._end, messages.serialize(message))

    def has_reader(self) -> bool:
        """Tell whether anybody reads it."""
        return bool(self._bus.readers(self.topic, self.type))

    def diagnose(self) -> Diagnostic | None:
        """Say who else publishes what should have one publisher; None if any number may."""
        if not self._port.sole:
            return None
        rivals = rivalry(self.topic, (end.node for end in self._bus.publishers(self.topic)))
        level, message = (Level.ERROR, rivals) if rivals else (Level.OK, "the only publisher")
        return Diagnostic(level, f"output {self._port.name}", message, {"topic": self.topic})

    def close(self) -> None:
        """Take it back."""
        self._bus.remove(self._end)


class LocalInput:
    """An input port of an active node, and what is wrong when nothing arrives."""

    def __init__(
        self, bus: Bus, node: str, topic: str, port: Port, worker: Worker, clock: Clock
    ) -> None:
        self._bus, self._port, self._clock = bus, port, clock
        self._put = partial(worker.slots.put, port.name)
        self._traffic: Traffic = worker.slots.traffic[port.name]
        self._arrivals = Arrivals(self._traffic, clock.monotonic)
        is_prompt = port.name in worker.slots.prompt
        self._expired = 0
        self._end = End(
            node,
            topic,
            port.type,
            self._receive,
            prompt=is_prompt,
            service=port.service,
            expires=round(port.expires * SECOND),
            expire=self._expire,
        )
        bus.read(self._end)

    def _receive(self, data: bytes) -> None:
        self._arrivals.note()
        self._put(data)

    def _expire(self) -> None:
        self._expired += 1

    def diagnose(self) -> Diagnostic:
        """Say whether messages arrive; if not, why not and what to do."""
        now = self._clock.monotonic()
        level, message = self._state(now)
        values = {"topic": self._end.topic, **self._arrivals.values(now)}
        if self._port.expires:
            values["expired"] = str(self._expired)
        return Diagnostic(level, f"input {self._port.name}", message, values)

    def _state(self, now: float) -> tuple[Level, str]:
        topic, port = self._end.topic, self._port
        useful = [end.node for end in self._bus.publishers(topic) if end.type == port.type]
        if port.sole and (rivals := rivalry(topic, useful)):
            return Level.ERROR, rivals
        if not useful:
            if port.optional:
                return Level.OK, "no publisher, and none needed"
            return Level.ERROR, self._bus.troubles.get(topic) or (
                f"no node publishes {port.type} on {topic}: start one that does, or remap the"
                " topic in the robot's description"
            )
        if port.occasional or (port.qos is Qos.LATCHED and self._traffic.received):
            return Level.OK, "received" if self._traffic.received else "nothing was said yet"
        if self._arrivals.silent(now) > self._arrivals.longest():
            return Level.ERROR, self._bus.troubles.get(topic) or (
                f"no message comes on {topic} although {useful[0]} publishes there: does its"
                " device deliver?"
            )
        return Level.OK, "receiving" if self._traffic.received else "waiting for the first message"

    def close(self) -> None:
        """Read no more."""
        self._bus.remove(self._end)


class LocalEndpoints:
    """The end points of a node core: `transport.endpoints.Endpoints`."""

    def __init__(self, bus: Bus, start: Start, clock: Clock | None = None) -> None:
        """
        Begin without any.

        :param clock: this machine's if it isn't given.
        """
        self._bus, self._start = bus, start
        self._clock = clock or SystemClock()
        self._inputs: list[LocalInput] = []
        self._changed: dict[str, object] = {}

    @property
    def name(self) -> str:
        """Return the fully qualified name of the node."""
        return self._start.full_name

    def now(self) -> int:
        """Return the time in nanoseconds."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()

    def is_simulated(self) -> bool:
        """Return False: it is the time of this machine."""
        return False

    def parameters(
        self, declared: Sequence[Parameter], changed: Mapping[str, object] | None = None
    ) -> Parameters:
        """
        Return the present values, with some about to be changed.

        :raises ConfigurationError: if a value is not allowed, or no such parameter is declared
        """
        path = self._start.parameters_file
        file = ParameterFile(path).values(self.name) if path else {}
        given = {
            name: value
            for name, value in {**file, **self._start.parameters, **self._changed}.items()
            if name not in _OF_ROS and not name.startswith("qos_overrides.")
        }
        try:
            return Parameters(declared, {**given, **(changed or {})})
        except ParameterError as error:
            raise ConfigurationError(f"{self.name}: {error}") from error

    def values(self, declared: Sequence[Parameter]) -> dict[str, Value]:
        """Return the present values by name."""
        return self.parameters(declared).values()

    def keep(self, changed: Mapping[str, object]) -> None:
        """Take new values of parameters, which the shell has accepted."""
        self._changed |= changed

    def topic(self, port: Port) -> str:
        """Return the full name of a port's topic."""
        name = self._start.remap.get(port.topic, port.topic)
        full = name if name.startswith("/") else f"{self._start.namespace}/{name}"
        below = f"/{port.transport}" if port.transport else ""
        return full if full.endswith(below) else full + below

    def is_read(self, port: Port) -> bool:
        """Tell whether anybody reads the topic of an output."""
        return bool(self._bus.readers(self.topic(port), port.type))

    def advertise(self, port: Port) -> LocalOutput:
        """Make an output."""
        return LocalOutput(self._bus, self.name, self.topic(port), port)

    def connect(self, inputs: Sequence[Port], worker: Worker) -> None:
        """Read the topics of the inputs."""
        for port in inputs:
            topic = self.topic(port)
            one = LocalInput(self._bus, self.name, topic, port, worker, self._clock)
            self._inputs.append(one)

    def disconnect(self) -> None:
        """Read nothing any more."""
        while self._inputs:
            self._inputs.pop().close()

    def fetch(self) -> None:
        """Do nothing: what is published is in the slots at once."""

    def diagnose(self) -> list[Diagnostic]:
        """Report for each input whether messages come."""
        return [one.diagnose() for one in self._inputs]

    def hold(self, words: Words) -> None:
        """Keep nothing: who could hear it is killed with this process."""

    def report(self, error: Exception) -> None:
        """Print an exception that cost an input."""
        log.exception(self.name, error)

    def fail(self, problem: str, details: str = "") -> None:
        """Print why a transition failed."""
        log.error(self.name, problem, details)

    def remedy(self, transition: str) -> str:
        """Return what a person does: nobody leads a node through its lifecycle here."""
        return "start the robot again"

    def clock_remedy(self, begun: bool) -> str:
        """Return why the time stands still, and what to do."""
        return "the clock of this machine does not advance: set it (date, NTP)"
