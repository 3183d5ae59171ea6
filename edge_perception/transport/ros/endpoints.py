"""The end points of a node in ROS 2: messages go in and out as the bytes that ROS 2 exchanges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import time
import traceback
from typing import TYPE_CHECKING

from rclpy.subscription import Subscription

from edge_perception.core.node import Diagnostic, Port
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.transport.endpoints import Words
from edge_perception.transport.ros import parameters
from edge_perception.transport.ros.calls import Calls
from edge_perception.transport.ros.guard import Guard
from edge_perception.transport.ros.inputs import Input
from edge_perception.transport.ros.outputs import Output
from edge_perception.transport.ros.receiver import Receiver
from edge_perception.transport.ros.topics import topic_of
from edge_perception.transport.ros.upstream import Upstream
from edge_perception.transport.worker import Worker

if TYPE_CHECKING:
    from rclpy.node import Node

LOG_PERIOD = 1.0  # seconds between two tracebacks in the log


class RosEndpoints:
    """
    The end points of a node core: `transport.endpoints.Endpoints`.

    :ivar guard: publishes the core's safe state if the process is killed.
    :ivar receiver: takes messages while the inputs are connected.
    """

    def __init__(self, node: Node) -> None:
        """Begin without any."""
        self._node = node
        self._inputs: list[Input] = []
        self._prompt: set[str] = set()
        self._upstream = Upstream(node)
        self.receiver: Receiver | None = None
        self.guard: Guard | None = None

    @property
    def name(self) -> str:
        """Return the fully qualified name of the node."""
        return str(self._node.get_fully_qualified_name())

    def now(self) -> int:
        """Return ROS time in nanoseconds; only simulated time is read by rclpy, which is slow."""
        clock = self._node.get_clock()
        return int(clock.now().nanoseconds) if clock.ros_time_is_active else time.time_ns()

    def monotonic(self) -> float:
        """Return seconds since this machine was started."""
        return time.monotonic()

    def is_simulated(self) -> bool:
        """Tell whether the node follows /clock."""
        return bool(self._node.get_clock().ros_time_is_active)

    def parameters(
        self, declared: Sequence[Parameter], changed: Mapping[str, object] | None = None
    ) -> Parameters:
        """Return the present values, with some about to be changed."""
        return parameters.values(self._node, declared, **(changed or {}))

    def topic(self, port: Port) -> str:
        """Return the full name of a port's topic."""
        return str(self._node.resolve_topic_name(topic_of(self._node, port)))

    def is_read(self, port: Port) -> bool:
        """Tell whether anybody subscribed to the topic of an output."""
        return bool(self._node.count_subscribers(self._node.resolve_topic_name(port.topic)))

    def advertise(self, port: Port) -> Output | Calls:
        """Make the publishers of an output, or the client of the service that it calls."""
        return Calls(self._node, port) if port.service else Output(self._node, port)

    def connect(self, inputs: Sequence[Port], worker: Worker) -> None:
        """Subscribe, and start the thread that takes messages."""
        slots = worker.slots
        receiver = self.receiver = Receiver(self._node, self.report)
        for port in inputs:
            traffic = slots.traffic[port.name]
            self._inputs.append(
                Input(self._node, receiver.group, port, slots.put, traffic, self._upstream)
            )
        self._prompt = slots.prompt
        receiver.start(**self._subscriptions())

    def disconnect(self) -> None:
        """Stop the thread and unsubscribe."""
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.stop()
        while self._inputs:
            self._inputs.pop().close()
        self._upstream.close()

    def fetch(self) -> None:
        """Put into the slots what has come on inputs that aren't prompt."""
        if (receiver := self.receiver) is not None:
            receiver.fetch()

    def diagnose(self) -> list[Diagnostic]:
        """Report for each input whether messages come, and follow what its publishers offer."""
        found = [one.diagnose() for one in self._inputs]
        if self.receiver is not None:
            self.receiver.listen(**self._subscriptions())
        self._upstream.rest()
        return found

    def hold(self, words: Words) -> None:
        """Give the guard what to publish if the process is killed."""
        if self.guard is not None:
            self.guard.hold(self.name, words)

    def report(self, error: Exception) -> None:
        """Log an exception that cost an input, not too often."""
        self._node.get_logger().error(
            f"an input is lost: {''.join(traceback.format_exception(error))}",
            throttle_duration_sec=LOG_PERIOD,
        )

    def fail(self, problem: str, details: str = "") -> None:
        """Log why a transition failed, which rclpy does not."""
        if details:
            self._node.get_logger().error(details)
        self._node.get_logger().fatal(problem)

    def remedy(self, transition: str) -> str:
        """Return the command that brings a transition about."""
        return f"ros2 lifecycle set {self.name} {transition}"

    def clock_remedy(self, begun: bool) -> str:
        """Return why simulated time stands still, and what to do."""
        if begun:
            return (
                "/clock does not advance; let the simulator or bag go on, or set use_sim_time to"
                " false"
            )
        return (
            "use_sim_time is set but nobody publishes /clock, so time stands still: start the"
            " simulator, play the bag with --clock, or set use_sim_time to false"
        )

    def _subscriptions(self) -> dict[str, list[Subscription]]:
        """Return the subscriptions of prompt and patient inputs."""
        sorts: dict[str, list[Subscription]] = {"prompt": [], "patient": []}
        for one in self._inputs:
            sort = "prompt" if one.port.name in self._prompt else "patient"
            sorts[sort].append(one.subscription)
        return sorts
