"""An input of a node: its subscription and service, and what is wrong when nothing arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import difflib
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rclpy.service import Service
from rclpy.subscription import Subscription as RosSubscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Level,
    Port,
    Qos,
    Traffic,
)
from edge_perception.core.stamps import SECOND
from edge_perception.transport import arrivals
from edge_perception.transport.arrivals import Arrivals
from edge_perception.transport.ros import qos
from edge_perception.transport.ros.exchange import EXCHANGE, Reader
from edge_perception.transport.ros.losses import explain
from edge_perception.transport.ros.publishers import Publishers
from edge_perception.transport.ros.subscription import Subscription
from edge_perception.transport.ros.topics import other_transport
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.ros.upstream import Upstream, WAITS_FOR

GRACE = 1.0  # seconds that discovery may take after activation
SUGGESTIONS = 3
_SENT = "source_timestamp"
_REMEMBER_EXPIRED = 1.0  # seconds


class Input:
    """The subscription of an active node to one input port, and the service that leads there."""

    def __init__(
        self,
        node: Node,
        group: CallbackGroup,
        port: Port,
        put: Callable[[str, bytes], None],
        traffic: Traffic,
        upstream: Upstream,
    ) -> None:
        """
        Subscribe, and offer the service that the port names.

        :param node: that the input belongs to
        :param group: of the subscription
        :param put: is given port name and serialised message
        :param traffic: what ``put`` counts
        :param upstream: knows what keeps others from publishing
        """
        self._node = node
        self.port = port
        self._put = put
        self._traffic = traffic
        self._upstream = upstream
        self._waits_for = ""
        self._arrivals = Arrivals(traffic)
        self._subscription = Subscription(node, group, port, self._receive)
        self._topic = self._subscription.topic
        self._publishers = Publishers(node, self._topic)
        self._known: list[TopicEndpointInfo] | None = None
        self._useful: list[TopicEndpointInfo] = []
        self._conflict = ""
        self._lifetime = round(port.expires * SECOND)
        self._expired = 0
        self._expired_at = float("-inf")
        self._reader = Reader(self._subscription, port.type, self._receive)
        EXCHANGE.join((node.context, self._topic), self._reader)
        self._service = self._offer() if port.service else None

    @property
    def subscription(self) -> RosSubscription:
        """Return that whose messages a `Receiver` takes; `diagnose` may change it."""
        return self._subscription.taken

    def close(self) -> None:
        """Unsubscribe, and withdraw the service."""
        EXCHANGE.leave((self._node.context, self._topic), self._reader)
        if self._service is not None:
            self._node.destroy_service(self._service)
        self._subscription.close()

    def diagnose(self) -> Diagnostic:
        """Say whether messages arrive; if not, why not and what to do."""
        now = time.monotonic()
        level, message = self._state(now)
        values = {
            "topic": self._topic,
            **self._arrivals.values(now),
            "lost": str(self._subscription.losses.total),
            "reliability": self._subscription.profile.reliability.name.lower(),
        }
        if self._lifetime:
            values["expired"] = str(self._expired)
        if self._waits_for:
            values[WAITS_FOR] = self._waits_for
        return Diagnostic(level, f"input {self.port.name}", message, values)

    def _offer(self) -> Service | None:
        """Offer the service; the topic does as well, so one that isn't installed is no failure."""
        try:
            kind = rosidl_class(self.port.service)
        except ConfigurationError as error:
            self._node.get_logger().warning(
                f"{self._topic} is offered as a topic only, not as a service: {error}"
            )
            return None
        return self._node.create_service(kind, self.port.topic, self._serve)

    def _serve(self, request: Any, response: Any) -> Any:
        self._receive(serialize_message(request))  # a message in a message has the same bytes
        if hasattr(response, "success"):
            response.success = True
        return response

    def _receive(self, data: bytes, info: Mapping[str, Any] | None = None) -> None:
        """
        Take a message, unless it is a command that has expired.

        :param info: what the middleware tells of it; None if it was handed over at once.
        """
        sent = info[_SENT] if self._lifetime and info else 0  # 0: this middleware can't tell
        # from the future counts too: with another clock nobody knows how old it is
        if sent and abs(time.time_ns() - sent) > self._lifetime:
            self._expired += 1
            self._expired_at = time.monotonic()
            return
        self._arrivals.note()
        self._put(self.port.name, data)

    def _state(self, now: float) -> tuple[Level, str]:
        self._waits_for = ""
        publishers = self._publishers.look()
        if publishers is not self._known:
            self._known = publishers
            self._judge(publishers)
        if self._conflict:
            return Level.ERROR, self._conflict
        useful = self._useful
        if self.port.optional and not useful:
            return Level.OK, "no publisher, and none needed"
        if not useful:
            if now - self._arrivals.since < GRACE:
                return Level.OK, "waiting for a publisher"
            return Level.ERROR, self._no_publisher(publishers)
        if now - self._expired_at < _REMEMBER_EXPIRED:
            return Level.ERROR, (
                f"messages of {_name(useful[0])} on {self._topic} are not followed: they came more"
                f" than {self.port.expires:g} s after they were published; its process was stopped"
                " or the network blocked, or the clocks of two computers differ: synchronise them"
                " (chrony)"
            )
        if self.port.qos is Qos.LATCHED and self._traffic.received:
            return Level.OK, "received"
        if self.port.occasional:
            return Level.OK, "received" if self._traffic.received else "nothing was said yet"
        self._subscription.count_losses()
        lossy, share = self._subscription.losses.level(self._traffic.received)
        if lossy is not Level.OK:
            return lossy, explain(
                share,
                self._topic,
                _name(useful[0]),
                useful[0],
                self._subscription.profile.reliability,
            )
        silent, longest = self._arrivals.silent(now), self._arrivals.longest()
        if silent > max(longest / 3, 1.5 * self._arrivals.interval):
            self._upstream.listen()  # early: others report once a second
        if silent > longest:
            return self._silence(_name(useful[0]))
        return Level.OK, "receiving" if self._traffic.received else "waiting for the first message"

    def _judge(self, publishers: list[TopicEndpointInfo]) -> None:
        """Follow what publishers offer, and find out why they can't all be read."""
        useful = self._useful = [info for info in publishers if info.topic_type == self.port.type]
        self._subscription.follow(useful)
        wrong = [reason for info in useful if (reason := self._mismatch(info))]
        if wrong and len(wrong) == len(useful):
            self._conflict = wrong[0]
        else:
            self._conflict = rivalry(self._topic, useful) if self.port.sole else ""

    def _silence(self, publisher: str) -> tuple[Level, str]:
        """Say who is to blame for it that nothing comes."""
        self._waits_for = self._upstream.cause(publisher)
        if self._waits_for:
            return Level.WARN, (
                f"waits for {self._waits_for}: until that is mended {publisher} has nothing to"
                f" publish on {self._topic}"
            )
        return Level.ERROR, (
            f"no message comes on {self._topic} although {publisher} publishes there: is it"
            " active, and does its device deliver?"
        )

    def _mismatch(self, info: TopicEndpointInfo) -> str:
        reason = qos.mismatch(info.qos_profile, self._subscription.profile, self._topic)
        return (
            f"nothing can arrive from {_name(info)} on {self._topic}: {reason}" if reason else ""
        )

    def _no_publisher(self, others: list[TopicEndpointInfo]) -> str:
        if others:
            return (
                f"{_name(others[0])} publishes {others[0].topic_type} on {self._topic}, expected"
                f" {self.port.type}: {self.port.remedy}"
            )
        if other := other_transport(self._node, self._topic, self.port.type):
            return (
                f"nobody publishes on {self._topic}, but the same images are on {other[0]}: set"
                f" the parameter image_transport to {other[1]} (launch argument image_transport)"
            )
        alike = similar(
            self._topic,
            [
                topic
                for topic, types in self._node.get_topic_names_and_types()
                if self.port.type in types and self._published_by_others(topic)
            ],
        )
        if not alike:
            return (
                f"nobody publishes {self.port.type} on {self._topic}: start its publisher, or"
                f" remap with --ros-args -r {self.port.topic}:=TOPIC"
            )
        return (
            f"nobody publishes on {self._topic}: did you mean {', '.join(alike)}? Remap with"
            f" --ros-args -r {self.port.topic}:={alike[0]}"
        )

    def _published_by_others(self, topic: str) -> bool:
        own = self._node.get_fully_qualified_name()
        return any(_name(info) != own for info in self._node.get_publishers_info_by_topic(topic))


def similar(topic: str, candidates: list[str]) -> list[str]:
    """Return a few candidates, those first whose names look most like ``topic``."""
    return sorted(
        candidates, key=lambda name: -difflib.SequenceMatcher(None, topic, name).ratio()
    )[:SUGGESTIONS]


def rivalry(topic: str, publishers: Sequence[TopicEndpointInfo]) -> str:
    """Say that a topic that should have one publisher has several; empty if it has not."""
    rivals = arrivals.rivalry(topic, map(_name, publishers))
    return f"{rivals} (one that was killed is counted for some 20 s more)" if rivals else ""


def _name(info: TopicEndpointInfo) -> str:
    if "UNKNOWN" in info.node_name:  # the name is discovered a little later than the publisher
        return "a publisher"
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"
