"""The bridge itself: a node of ROS 2 and an end of a linked bus, and what goes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rclpy.topic_endpoint_info import TopicEndpointInfo

from edge_perception import messages
from edge_perception.core.node import Diagnostic, Level, Port, Qos
from edge_perception.messages.type_hash import digest
from edge_perception.transport import diagnostics
from edge_perception.transport.bridge.crossing import open_once
from edge_perception.transport.bridge.flow import Flow
from edge_perception.transport.bridge.rules import Direction, is_bridge, Route, Rules
from edge_perception.transport.bridge.services import BridgedServices
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.local.speaker import Speaker
from edge_perception.transport.ros import qos
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.sp.link import Link


class Bridge:
    """
    Carries messages between the topics of a bus and those of ROS 2.

    :ivar flows: by direction and topic
    """

    def __init__(self, node: Node, servant: Node, bus: Bus, link: Link, rules: Rules) -> None:
        """
        Begin with nothing: `look` finds topics and services.

        :param node: called `rules.NAME`
        :param servant: whose callbacks may wait: `BridgedServices`
        :param link: of the bus to other processes
        """
        self.flows: dict[tuple[Direction, str], Flow] = {}
        self._node, self._bus, self._rules = node, bus, rules
        self._name = str(node.get_fully_qualified_name())
        self._services = BridgedServices(node, servant, bus, link, rules)
        self._speaker = Speaker(bus, self._name)
        self._reporter = diagnostics.Reporter(self._name)
        self._publisher = node.create_publisher(
            rosidl_class(diagnostics.TYPE), diagnostics.TOPIC, 10
        )

    def look(self) -> None:
        """Open what is new on either side, and report."""
        for end in self._bus.publishers():
            if end.process and not is_bridge(end.node):
                self._open(Direction.TO_ROS, end.topic, end.type, partial(self._to_ros, end))
        for topic, types in self._node.get_topic_names_and_types():
            publishers = self._node.get_publishers_info_by_topic(topic)
            if publishers and not any(is_bridge(one.node_name) for one in publishers):
                connect = partial(self._from_ros, publishers)
                self._open(Direction.FROM_ROS, topic, types[0], connect)
        self._services.look()
        found = self.diagnose()
        self._speaker.publish(found, "")
        report = self._reporter.report(found, "", time.time_ns())
        if report is not None:
            self._publisher.publish(messages.serialize(report))

    def diagnose(self) -> list[Diagnostic]:
        """Report on all topics and services."""
        found = [flow.diagnose() for flow in self.flows.values()]
        found += [flow.diagnose() for flow in self._services.flows.values()]
        return found or [Diagnostic(Level.WARN, "topics", "none of those allowed is published")]

    def _open(
        self,
        direction: Direction,
        topic: str,
        type_: str,
        connect: Callable[[Route, Flow], None],
    ) -> None:
        def make(route: Route) -> Flow:
            return Flow(direction, route, type_)

        open_once(self.flows, self._rules, direction, topic, make, connect)

    def _to_ros(self, end: End, route: Route, flow: Flow) -> None:
        """Publish in ROS 2 what comes from a publisher of the bus."""
        wanted = route.qos or (Qos.LATCHED if end.latched else Qos.DEFAULT)
        publisher = self._node.create_publisher(
            rosidl_class(end.type), route.name, _profile(route, end.type, wanted)
        )

        def carry(data: bytes) -> None:
            if flow.passes(data, time.time_ns()):
                publisher.publish(data)

        self._bus.read(End(self._name, end.topic, end.type, carry))

    def _from_ros(self, publishers: Iterable[TopicEndpointInfo], route: Route, flow: Flow) -> None:
        """Publish on the bus what comes from ROS 2."""
        digest(flow.type)  # or no process of the robot can have it
        latched = not route.expires and all(
            one.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for one in publishers
        )
        end = End(self._name, route.name, flow.type, latched=latched)
        self._bus.advertise(end)

        def carry(data: bytes, info: Any) -> None:
            if flow.passes(data, time.time_ns(), int(info.get("source_timestamp", 0))):
                self._bus.publish(end, data)

        wanted = route.qos or (Qos.LATCHED if latched else Qos.SENSOR_DATA)
        self._node.create_subscription(
            rosidl_class(flow.type),
            route.topic,
            carry,
            _profile(route, flow.type, wanted),
            raw=True,
        )


def _profile(route: Route, type_: str, wanted: Qos) -> QoSProfile:
    """Return a profile; a command is never kept for who comes late."""
    given = Qos.DEFAULT if route.expires and wanted is Qos.LATCHED else wanted
    return qos.profile(Port("bridge", type_, route.topic, given))
