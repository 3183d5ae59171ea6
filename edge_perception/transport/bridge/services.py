"""Services on the bridge: those of the robot for ROS 2, and those of ROS 2 for the robot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.task import Future

from edge_perception.core.node import ConfigurationError, Diagnostic, Level
from edge_perception.transport.bridge.crossing import open_once
from edge_perception.transport.bridge.rules import Direction, is_bridge, Route, Rules
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.sp.link import Link
from edge_perception.transport.sp.services import RefusalError

PATIENCE = 1.0  # seconds that an answer may take
_NOTHING = "std_msgs/msg/Empty"
_PLAIN = {"boolean": "Bool", "string": "String", "double": "Float64", "int32": "Int32"}
"""By the type of a request's only field, the message of std_msgs that has the same bytes."""


class ServiceFlow:
    """
    A service on the bridge.

    :ivar problem: why it can't be called on the other side; empty: it can
    """

    def __init__(self, direction: Direction, name: str, kind: str) -> None:
        self.direction, self.name, self.kind = direction, name, kind
        self.problem = self.last = ""
        self.answered = self.failed = 0

    def fail(self, reason: str) -> None:
        """Note why a request was not met."""
        self.failed += 1
        self.last = reason

    def diagnose(self) -> Diagnostic:
        """Report how often it was called, and what came of it."""
        values = {
            "direction": self.direction.value,
            "type": self.kind,
            "answered": str(self.answered),
            "failed": str(self.failed),
            "last failure": self.last or "none",
        }
        level = Level.ERROR if self.problem else Level.OK
        return Diagnostic(level, f"service {self.name}", self.problem or "can be called", values)


class BridgedServices:
    """
    Lets either side call services of the other one.

    :ivar flows: by direction and name
    """

    def __init__(self, node: Node, servant: Node, bus: Bus, link: Link, rules: Rules) -> None:
        """
        Begin with nothing: `look` finds the services.

        :param node: which calls those of ROS 2
        :param servant: which offers those of the robot, with an executor of several threads: while
            the robot lets a call wait, all else goes on
        """
        self.flows: dict[tuple[Direction, str], ServiceFlow] = {}
        self._servant, self._at_once = servant, ReentrantCallbackGroup()
        self._node, self._bus, self._link, self._rules = node, bus, link, rules
        self._name = str(node.get_fully_qualified_name())

    def look(self) -> None:
        """Offer what is new on either side."""
        for name, one in self._link.services().items():
            if not is_bridge(one.node):
                self._open(Direction.TO_ROS, name, one.service)
        for name, kind in self._of_ros():
            self._open(Direction.FROM_ROS, name, kind)

    def _of_ros(self) -> Iterator[tuple[str, str]]:
        """Yield the services of ROS 2 that are new and may be called, with their types."""
        found = {
            name: kinds[0]
            for name, kinds in self._node.get_service_names_and_types()
            if (Direction.FROM_ROS, name) not in self.flows
            and self._rules.route(Direction.FROM_ROS, name)
        }
        for node, namespace in self._node.get_node_names_and_namespaces() if found else ():
            if is_bridge(node):
                for name, _ in self._node.get_service_names_and_types_by_node(node, namespace):
                    found.pop(name, None)
        yield from found.items()

    def _open(self, direction: Direction, name: str, kind: str) -> None:
        """Offer a service on the other side, if it may go there and does not yet."""
        connect = self._offer_to_ros if direction is Direction.TO_ROS else self._offer_to_robot

        def make(route: Route) -> ServiceFlow:
            return ServiceFlow(direction, name, kind)

        open_once(self.flows, self._rules, direction, name, make, connect)

    def _offer_to_ros(self, route: Route, flow: ServiceFlow) -> None:
        """Let ROS 2 call what the robot answers."""
        self._servant.create_service(
            rosidl_class(flow.kind),
            route.name,
            partial(self._ask_robot, flow),
            callback_group=self._at_once,
        )

    def _ask_robot(self, flow: ServiceFlow, request: Any, response: Any) -> Any:
        """Call the robot's service; in a thread of the servant's executor, which waits."""
        try:
            answer = self._link.call(flow.name, serialize_message(request), PATIENCE)
            answered = deserialize_message(answer, type(response))
        except Exception as error:  # whatever the robot does, it costs this call alone
            flow.fail(str(error))
            if hasattr(response, "success"):
                response.success, response.message = False, str(error)
            return response
        flow.answered += 1
        return answered

    def _offer_to_robot(self, route: Route, flow: ServiceFlow) -> None:
        """Let the robot's nodes publish requests, and others call, what ROS 2 answers."""
        kind = rosidl_class(flow.kind)
        client = self._node.create_client(kind, flow.name)

        def begin(data: bytes) -> Future[Any]:
            future = client.call_async(deserialize_message(data, kind.Request))
            future.add_done_callback(partial(_note, flow))
            return future

        def serve(data: bytes) -> bytes:
            """Return what ROS 2 answers; in the thread of requests."""
            if not client.service_is_ready():
                raise RefusalError(f"nobody offers {flow.name} in ROS 2 any more")
            answers: SimpleQueue[Future[Any]] = SimpleQueue()
            begin(data).add_done_callback(answers.put)
            try:
                return bytes(serialize_message(answers.get(timeout=PATIENCE).result()))
            except Empty:
                flow.fail(reason := f"{flow.name} does not answer within {PATIENCE:g} s")
                raise RefusalError(reason) from None

        self._bus.read(
            End(self._name, route.name, request_type(kind), begin, service=flow.kind, serve=serve)
        )


def request_type(kind: Any) -> str:
    """
    Return the message that has the bytes of a service's request.

    :param kind: the class of the service
    :raises ConfigurationError: if there is none, as the request has several fields
    """
    fields = list(kind.Request.get_fields_and_field_types().values())
    if not fields:
        return _NOTHING
    if len(fields) == 1 and "/" in fields[0]:
        package, name = fields[0].split("/")
        return f"{package}/msg/{name}"
    if len(fields) == 1 and fields[0] in _PLAIN:
        return f"std_msgs/msg/{_PLAIN[fields[0]]}"
    raise ConfigurationError(
        f"a request of {kind.__name__} is no single message or value, which is what nodes without"
        " ROS can ask for: deny it"
    )


def _note(flow: ServiceFlow, future: Future[Any]) -> None:
    if (error := future.exception()) is not None:
        flow.fail(str(error))
    elif getattr(future.result(), "success", True):
        flow.answered += 1
    else:
        flow.fail(future.result().message or "it was refused, without a reason")
