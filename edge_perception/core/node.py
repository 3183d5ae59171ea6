"""
The node pattern: what a node is, apart from how messages reach it.

A node core is a plain class. It declares its parameters, says which ports it has with them, and
computes ``step(inputs, now) -> outputs``. It knows no ROS and no sockets: the shell that runs it
(rclpy, SP, a bag) hands it messages and the time, and publishes what it returns. What else it
needs of the world is its `Environment`. Given the same messages, times and environment, a core
returns the same messages, whatever the shell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
import enum
from types import MappingProxyType
from typing import Any, ClassVar

from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.messages import Message


class ConfigurationError(Exception):
    """The node can't be configured: what is wrong, where, and what to do, in one sentence."""


class Qos(enum.Enum):
    """Quality of service of a port, overridable by parameters as REP-2003 asks."""

    SENSOR_DATA = "sensor_data"  # best effort, keep the newest
    MATCHED = "matched"  # as reliable as all publishers are, keep the newest: large messages
    DEFAULT = "default"  # reliable, keep last 10
    LATCHED = "latched"  # reliable, transient local, keep last 1: late joiners get it


class Level(enum.IntEnum):
    """Severity, as in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


PICTURES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
"""Messages that are large."""


@dataclass(frozen=True)
class Port:
    """
    An input or output.

    ``type`` is a ROS message type such as "sensor_msgs/msg/Image"; ``topic`` the default name,
    relative to the node's namespace. An ``optional`` input may have no publisher without a
    diagnostic. Of a ``sole`` port's topic a second publisher is reported. An input with a
    ``queue`` misses nothing: ``step`` is given a list of all that came since its last call, oldest
    first, and of the newest so many if more came. An input with a ``service``, such as
    "std_srvs/srv/Empty", can also be called: the request, whose only field is the message, comes
    in as one from the topic does. The answer says no more than that it came. An output with a
    service calls it: the message has the fields of the request; where a transport has no services,
    it is published on a topic of that name. On an ``occasional`` input silence is no fault:
    something is said there when there is something to say. ``remedy`` is what to do if another
    type is published on an input's topic. A ``transport`` of images, such as "compressed", stands
    below the topic after it was remapped, as with image_transport. An input that isn't ``prompt``
    causes no step: what came is looked at when there is one anyway, but not before ``interval``
    seconds went by since the last look. So a node that works at a pace of its own is woken less
    often, and what changes slowly is not read at every step. An input that ``expires`` takes
    commands: what was published more than so many seconds ago, and waited in a process that was
    stopped or for a connection, is not followed any more.
    """

    name: str
    type: str
    topic: str
    qos: Qos = Qos.DEFAULT
    optional: bool = False
    sole: bool = False
    queue: int = 0
    service: str = ""
    occasional: bool = False
    remedy: str = "connect a topic of that type"
    transport: str = ""
    prompt: bool = True
    interval: float = 0.0
    expires: float = 0.0

    def overheard(self, queue: int, pictures: int = 0) -> Port:
        """
        Return it as an input of somebody who listens, and whom the robot doesn't need.

        :param queue: how many messages may wait for the next step.
        :param pictures: how many of those may, which are large; 0: as many.
        """
        waiting = pictures if pictures and self.type in PICTURES else queue
        return replace(self, optional=True, occasional=True, sole=False, service="", queue=waiting)


@dataclass(frozen=True)
class Ports:
    """What a node reads and what it publishes."""

    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()


@dataclass(frozen=True)
class Diagnostic:
    """
    The state of one aspect of a node.

    ``message`` says cause and fix; ``values`` are shown beside it.
    """

    level: Level
    name: str
    message: str
    values: Mapping[str, str] | None = None


@dataclass
class Traffic:
    """
    What reached an input since activation.

    :ivar received: messages.
    :ivar dropped: those superseded by a newer one before ``step`` could look at them.
    """

    received: int = 0
    dropped: int = 0


Inputs = Mapping[str, Any]
"""By input port, a message of its type; if it has a queue, a list of them."""

Outputs = Sequence[tuple[str, Message]]
"""Pairs of (output port, message), in the order in which they are to be published."""


class NodeCore(ABC):
    """Base of all node cores."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    inputs: ClassVar[tuple[Port, ...]] = ()
    outputs: ClassVar[tuple[Port, ...]] = ()
    """All ports that it may have; `ports` says which of them it has."""

    hangs_after: float = 1.5
    """Seconds after which a step that did not return is reported, and the safe state given."""

    hardware: str = ""
    """The device that the node stands for; empty: the computer that it runs on."""

    traffic: Mapping[str, Traffic] = MappingProxyType({})
    """By input port; kept up to date by the shell."""

    topics: Mapping[str, str] = MappingProxyType({})
    """
    By input port, what its topic is called where the node runs; set by the shell before
    ``configure``. Read by `topic`.
    """

    is_simulated: Callable[[], bool] = staticmethod(lambda: False)
    """Tells whether the time is that of a simulation or recording; the shell's."""

    has_reader: Callable[[str], bool] = staticmethod(lambda port: True)
    """Tells whether somebody reads an output port; the shell's, while the node is configured."""

    def ports(self, parameters: Parameters) -> Ports:
        """
        Return the ports that the node has with these parameters, all of them unless overridden.

        Nothing changes by it. Names and topics are those of the class, types may be others.

        :raises ConfigurationError: if the parameters can't be used.
        """
        return Ports(self.inputs, self.outputs)

    def topic(self, port: str) -> str:
        """Return what to call an input in a message for a person."""
        return self.topics.get(port, port)

    def configure(self, parameters: Parameters) -> Outputs:
        """
        Load, check and self-test everything.

        :param parameters: those that this class declares.
        :returns: what is to be published once, on latched ports.
        :raises ConfigurationError: with one sentence for the person who started the robot.
        """
        return ()

    def adapt(self, parameters: Parameters) -> None:
        """Take new values of ``live`` parameters, between two steps; the others are as before."""
        return

    def period(self) -> float:
        """Return the seconds after which ``step`` is called anyway; 0: step waits itself."""
        return 0.1

    @abstractmethod
    def step(self, inputs: Inputs, now: int) -> Outputs:
        """
        Work on what came in since the last call: the newest message of each port that got one.

        :param inputs: by port name; ports that got nothing are missing, those with a queue give
            a list.
        :param now: ROS time in nanoseconds.
        """

    def safe_state(self, now: int, reason: str) -> Outputs:
        """
        Return what makes those safe who obey this node: published when ``step`` can't be trusted.

        That is after a step that failed, while one hangs, while simulated time stands still, and
        as the last words of a node that stops. It rests on the configuration alone, and may be
        called beside a step that hangs. What has no header, or one with the stamp ``now``, is also
        sent in the name of a process that was killed.

        :param reason: why, in a few words.
        """
        return ()

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report the state of the node; asked once a second."""
        return ()

    def close(self) -> None:
        """Release what ``configure`` took: devices, files, threads. May be called twice."""
        return
