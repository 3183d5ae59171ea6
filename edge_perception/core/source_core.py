"""What nodes have in common that publish what a source gives: a camera, an IMU, wheels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from edge_perception.core.connection import Connection, IDLE, Patience
from edge_perception.core.environment import Environment
from edge_perception.core.node import Diagnostic, Level, NodeCore
from edge_perception.core.source import Device

Reading = TypeVar("Reading")


class SourceCore(NodeCore, Generic[Reading]):
    """
    A node that reads a source; what it does with the readings is up to the derived class.

    :ivar _connection: to the source; None before the node is configured, or if it has none.
    :ivar _source_name: the parameter ``source``.
    :ivar _now: time of the last step [ns].
    :ivar _published: readings so far.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._connection: Connection[Reading] | None = None
        self._source_name = ""
        self._now = self._published = 0

    def period(self) -> float:
        """Return 0 while the source is open: reading it waits."""
        return self._connection.wait(self._now) if self._connection else IDLE

    def close(self) -> None:
        """Close the source."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _connect(
        self, open_source: Callable[[], Device[Reading]], patience: Patience, *, may_wait: bool
    ) -> Connection[Reading]:
        """
        Open the source, in place of one that was open before.

        :param may_wait: a source that can't be opened yet is no error.
        :raises ConfigurationError: if it can't be opened, and that is an error.
        """
        self.close()
        self._now = self._published = 0
        connection = Connection(open_source, patience)
        connection.open(may_wait=may_wait)
        self._connection = connection
        return connection

    def _source(self) -> str:
        """Return what is read, for a person."""
        source = self._connection.source if self._connection else None
        return source.describe() if source else self._source_name

    def _diagnose_source(
        self, readings: str, state: str, warning: str, values: Mapping[str, str]
    ) -> Diagnostic:
        """
        Report on the source.

        :param readings: what it gives, e.g. "pictures".
        :param state: what to say while all is well.
        :param warning: what is not as it should be although readings come; empty if nothing.
        :param values: to show beside those that all sources have.
        """
        connection = self._connection
        level, message = Level.OK, state
        if connection and connection.problem:
            level, message = Level.ERROR, connection.problem
        elif warning:
            level, message = Level.WARN, warning
        elif connection and connection.finished:
            message = f"finished: all {self._published} {readings} were published"
        shown = {
            "source": self._source_name,
            "published": str(self._published),
            **values,
            "reconnects": str(connection.reconnects if connection else 0),
        }
        return Diagnostic(level, "source", message, shown)
