"""
What other processes may ask of the nodes of this one: their parameters, and services.

A request is a frame: its topic says what is asked for, its data is CDR. So is an answer, whose
number is 0, or 1 if its data is a sentence that says why nothing was done.
"""

from __future__ import annotations

import json
from typing import Any

from edge_perception import messages
from edge_perception.core.names import one_of
from edge_perception.core.parameters import Parameter, Value
from edge_perception.messages import MessageError
from edge_perception.messages.type_hash import digest
from edge_perception.messages.types import String
from edge_perception.transport import log
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp import frames
from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.sockets import CallError, Sockets

PARAMETERS = "/parameters"
"""What stands behind a node's name if its parameters are asked for."""
TEXT = "std_msgs/msg/String"
_DONE, _REFUSED = 0, 1
_SOURCE = "services"
"""Of the log's lines on requests that failed."""
_ANSWERS = {
    "std_srvs/srv/SetBool": b"\0\1\0\0\1\0\0\0\1\0\0\0\0",
    "std_srvs/srv/Trigger": b"\0\1\0\0\1\0\0\0\1\0\0\0\0",
}
"""The answers of services that say whether they succeeded, and no more; others answer nothing."""
_NOTHING = b"\0\1\0\0\0"


class RefusalError(Exception):
    """Nothing was done, and why."""


class Services:
    """Answers requests."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._nodes: dict[str, tuple[Shell, LocalEndpoints]] = {}

    def add(self, shell: Shell, endpoints: LocalEndpoints) -> None:
        """Let others ask for a node."""
        self._nodes[shell.name] = (shell, endpoints)

    @property
    def nodes(self) -> list[str]:
        """Return the names of the nodes."""
        return list(self._nodes)

    def answer(self, request: bytes) -> bytes:
        """Return what is answered to a request; whatever it does costs nobody else anything."""
        try:
            asked = frames.parse(request)
            return _frame(asked.topic, TEXT, _DONE, self._act(asked))
        except (RefusalError, frames.FrameError, MessageError) as error:
            why = str(error)
        except Exception as error:
            log.exception(_SOURCE, error)
            why = f"the request failed: {type(error).__name__}: {error}"
        said = String(data=why.encode(errors="backslashreplace").decode())
        return _frame("refused", TEXT, _REFUSED, messages.serialize(said))

    def _act(self, asked: frames.Frame) -> bytes:
        node = asked.topic.removesuffix(PARAMETERS)
        if node != asked.topic and node in self._nodes:
            text = messages.deserialize(asked.data, String).data
            return messages.serialize(String(data=json.dumps(self._parameters(node, text))))
        for end in self._bus.own()[1]:
            if end.service and end.topic == asked.topic:
                return _call(end, asked)
        offered = [end.topic for end in self._bus.own()[1] if end.service]
        raise RefusalError(f"there is no service {asked.topic!r}; {one_of(asked.topic, offered)}")

    def _parameters(self, node: str, text: str) -> dict[str, Any]:
        """Describe the parameters of a node, after those were changed that should be."""
        shell, endpoints = self._nodes[node]
        declared = {one.name: one for one in shell.core.parameters}
        try:
            changes = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RefusalError(f"expected parameters as JSON: {error}") from None
        if not isinstance(changes, dict):
            raise RefusalError(f"expected parameters with values, received {text:.40}")
        for name in changes:
            if name not in declared:
                raise RefusalError(f"{node} has no parameter {name!r}; {one_of(name, declared)}")
            if declared[name].read_only:
                raise RefusalError(f"{name} can't be changed: give it when the robot is started")
        if refused := shell.change(changes):
            raise RefusalError(refused)
        endpoints.keep(changes)
        values = endpoints.values(tuple(declared.values()))
        return {name: _described(one, values[name]) for name, one in declared.items()}


def ask_parameters(
    sockets: Sockets,
    address: Address,
    identity: Identity | None,
    node: str,
    changes: dict[str, Value],
    timeout: float,
) -> dict[str, dict[str, Any]]:
    """
    Change parameters of a node in another process, and return what it says of all.

    :raises CallError: if it doesn't answer, or refuses
    """
    data = messages.serialize(String(data=json.dumps(changes)))
    request = _frame(node + PARAMETERS, TEXT, 0, data)
    answer = _ask(sockets, address, identity, request, timeout)
    found = json.loads(messages.deserialize(answer, String).data)
    if not isinstance(found, dict):
        raise CallError(f"{node} answered {found!r:.80}, expected its parameters")
    return found


def call(
    sockets: Sockets,
    address: Address,
    identity: Identity | None,
    service: str,
    type_: str,
    data: bytes,
    timeout: float,
) -> bytes:
    """
    Call a service in another process.

    :param type_: of the message that its request consists of
    :returns: its answer, CDR
    :raises CallError: if it doesn't answer, or refuses
    """
    return _ask(sockets, address, identity, _frame(service, type_, 0, data), timeout)


def outcome(service: str, answer: bytes) -> str:
    """
    Return what a service answered, as `ros2 service call` shows it.

    :param service: its type
    :param answer: CDR
    """
    if service not in _ANSWERS or answer[:2] != b"\0\1":
        shown = "" if answer == _NOTHING else f"{len(answer)} bytes"
    else:
        # a bool, and behind three bytes for nothing the length of a text and the text with NUL
        end = 12 + int.from_bytes(answer[8:12], "little")
        text = answer[12:end].rstrip(b"\0").decode(errors="replace")
        shown = f"success={answer[4:5] != bytes(1)}, message={text!r}"
    return f"{service.replace('/', '.')}_Response({shown})"


def _ask(
    sockets: Sockets, address: Address, identity: Identity | None, request: bytes, timeout: float
) -> bytes:
    try:
        answer = frames.parse(sockets.call(address, identity, request, timeout))
        if answer.number == _DONE:
            return answer.data
        raise CallError(messages.deserialize(answer.data, String).data)
    except (frames.FrameError, MessageError) as error:
        raise CallError(f"{address} answered what can't be read: {error}") from error


def _call(end: End, asked: frames.Frame) -> bytes:
    """Give the request of a service to the node that offers it."""
    if asked.digest != digest(end.type):
        raise RefusalError(f"{end.topic} takes {end.type}, in the definition of this process")
    messages.deserialize(asked.data, messages.get(end.type))  # or it is no such message
    if end.serve is not None:
        return end.serve(asked.data)
    end.receive(asked.data)
    return _ANSWERS.get(end.service, _NOTHING)


def _frame(topic: str, type_: str, number: int, data: bytes) -> bytes:
    return frames.head(topic, digest(type_), number) + data


def _described(parameter: Parameter, value: Value) -> dict[str, Any]:
    return {
        "value": value,
        "description": parameter.description,
        "expected": parameter.expectation(),
        "read_only": parameter.read_only,
        "live": parameter.live,
    }
