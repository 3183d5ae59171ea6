"""Where the messages of a node come from and go to: what a transport has to bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from edge_perception.core.node import Diagnostic, Port
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.messages import Message
from edge_perception.transport.worker import Worker

Words = Sequence[tuple[str, str, bytes]]
"""What to publish in the name of a process that was killed: topic, type, serialised message."""


class Output(Protocol):
    """An output port, ready to publish."""

    @property
    def topic(self) -> str:
        """Return the full name of the topic."""

    @property
    def type(self) -> str:
        """Return the name of the message type."""

    def publish(self, message: Message) -> None:
        """Publish a message."""

    def has_reader(self) -> bool:
        """Tell whether anybody reads it."""

    def diagnose(self) -> Diagnostic | None:
        """Report who else publishes there; None if any number may."""

    def close(self) -> None:
        """Take it back."""


class Endpoints(Protocol):
    """Where the messages of one node come from and go to, and who it is there."""

    @property
    def name(self) -> str:
        """Return the fully qualified name of the node."""

    def now(self) -> int:
        """Return the time in nanoseconds; 0 while it isn't known."""

    def monotonic(self) -> float:
        """Return seconds of a clock that goes on while that time stands still."""

    def is_simulated(self) -> bool:
        """Tell whether that time is simulated, or that of a recording."""

    def parameters(
        self, declared: Sequence[Parameter], changed: Mapping[str, object] | None = None
    ) -> Parameters:
        """Return the present values, with some about to be changed."""

    def topic(self, port: Port) -> str:
        """Return the full name of a port's topic."""

    def is_read(self, port: Port) -> bool:
        """Tell whether anybody reads the topic of an output that need not exist."""

    def advertise(self, port: Port) -> Output:
        """Make an output."""

    def connect(self, inputs: Sequence[Port], worker: Worker) -> None:
        """Let what comes on the topics of inputs come into the slots of a worker."""

    def disconnect(self) -> None:
        """Let nothing come any more; also if `connect` failed half-way or was not called."""

    def fetch(self) -> None:
        """Put into the slots what has come on inputs that aren't prompt."""

    def diagnose(self) -> Sequence[Diagnostic]:
        """Report for each input whether messages come."""

    def hold(self, words: Words) -> None:
        """Keep what is to be published if the process is killed; nothing: there is no need."""

    def report(self, error: Exception) -> None:
        """Log an exception that cost an input."""

    def fail(self, problem: str, details: str = "") -> None:
        """Log why a transition failed."""

    def remedy(self, transition: str) -> str:
        """Return what a person does to bring a transition about."""

    def clock_remedy(self, begun: bool) -> str:
        """Return why the time stands still, and what to do; ``begun``: it went before."""
