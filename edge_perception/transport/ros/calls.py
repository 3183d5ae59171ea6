"""An output of a node that calls a service: its client, and what comes of the calls."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from edge_perception import messages
from edge_perception.core.node import Diagnostic, Level, Port
from edge_perception.messages import Message
from edge_perception.transport.ros.typesupport import rosidl_class

PATIENCE = 2.0  # seconds that an answer may take


class Calls:
    """Calls the service of an output port with each message: `transport.endpoints.Output`."""

    def __init__(self, node: Node, port: Port) -> None:
        """Make the client."""
        self._node, self._port = node, port
        self._type = messages.get(port.type)
        self._kind = rosidl_class(port.service)
        self._client = node.create_client(self._kind, port.topic)
        self._called = 0.0  # monotonic, since when an answer is waited for; 0: it isn't
        self._problem = ""

    @property
    def type(self) -> str:
        """Return the name of the message type."""
        return self._port.type

    @property
    def topic(self) -> str:
        """Return the full name of the service."""
        return str(self._client.service_name)

    def has_reader(self) -> bool:
        """Tell whether anybody offers it."""
        return bool(self._client.service_is_ready())

    def publish(self, message: Message) -> None:
        """Call it with what a message says, without waiting for the answer."""
        if not isinstance(message, self._type):
            raise TypeError(f"expected {self._type.__name__}, received {type(message).__name__}")
        if not self.has_reader():
            self._called, self._problem = 0.0, "was to be called, but nobody offered it"
            return
        request = self._kind.Request()
        for field in request.get_fields_and_field_types():
            setattr(request, field, getattr(message, field))
        self._called = time.monotonic()
        self._client.call_async(request).add_done_callback(self._answered)

    def diagnose(self) -> Diagnostic:
        """Say whether it can be called, and what came of the last call."""
        level, said = Level.OK, "ready to be called"
        waited = time.monotonic() - self._called if self._called else 0.0
        if waited > PATIENCE:
            level, said = Level.ERROR, f"has not answered for {waited:.0f} s"
        elif self._problem:
            level, said = Level.ERROR, self._problem
        elif not self.has_reader():
            level = Level.WARN
            said = f"is offered by nobody as {self._port.service}: start its node, or remap it"
        values = {"service": self.topic}
        return Diagnostic(
            level, f"output {self._port.name}", f"the service {self.topic} {said}", values
        )

    def close(self) -> None:
        """Take the client back."""
        self._node.destroy_client(self._client)

    def _answered(self, future: Future[Any]) -> None:
        """Record the answer; called by the executor."""
        self._called = 0.0
        if (error := future.exception()) is not None:
            self._problem = f"could not be called: {error}"
        elif not future.result().success:
            self._problem = f"refused: {future.result().message or 'it does not say why'}"
        else:
            self._problem = ""
