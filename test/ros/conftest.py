"""A ROS context with an executor in the background, for tests of nodes."""

from collections.abc import Callable, Iterator
import gc
import operator
from pathlib import Path
import sys
import threading
import time
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

rclpy = pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402, I100
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402
from toy import Toy  # noqa: E402

from edge_perception.transport.ros.node import RosNode  # noqa: E402
from edge_perception.transport.ros.profile import use_transport_profile  # noqa: E402
from edge_perception.transport.shell import CHECK_PERIOD  # noqa: E402

PATIENCE = 180.0
"""What is waited for takes a second, on a loaded machine many."""


class Robot:
    """Nodes under test, and a peer that plays the rest of the robot, as if elsewhere."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.peer = rclpy.create_node("peer", context=self.context)
        self.own = SingleThreadedExecutor()
        self.others = SingleThreadedExecutor(context=self.context)
        self.others.add_node(self.peer)
        self.nodes: list[RosNode] = []
        self.changed = threading.Condition()
        self.status: dict[str, Any] = {}
        self.reports: list[Any] = []
        self.peer.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(target=target)
            for target in (self.own.spin, self.others.spin, self._look)
        ]
        for thread in self.threads:
            thread.start()

    def toy(self, *ros_arguments: str, start: bool = True) -> RosNode:
        node = RosNode("toy", Toy, ros_arguments=ros_arguments)
        self.nodes.append(node)
        if start:
            assert node.start()
        self.own.add_node(node)
        return node

    def hear(self, topic: str, kind: Any, qos: Any = 10, raw: bool = False) -> list[Any]:
        heard: list[Any] = []

        def receive(message: Any) -> None:
            with self.changed:
                heard.append(message)
                self.changed.notify_all()

        self.peer.create_subscription(kind, topic, receive, qos, raw=raw)
        self.others.wake()
        return heard

    def speak(self, topic: str, kind: Any, qos: Any = 10) -> Any:
        """Return a publisher that is connected."""
        publisher = self.peer.create_publisher(kind, topic, qos)
        self.wait(publisher.get_subscription_count)
        return publisher

    def call(self, service: str, kind: Any, request: Any = None) -> Any:
        """Call a service as soon as it is there, and return its answer."""
        client = self.peer.create_client(kind, service)
        self.wait(client.service_is_ready)
        answer = client.call_async(request or kind.Request())
        self.others.wake()
        self.wait(answer.done)
        return answer.result()

    def wait(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until the condition is true, and return what it gave."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not (result := condition()):
                left = deadline - time.monotonic()
                assert left > 0, f"not within {seconds} s; diagnostics: {self.status}"
                self.changed.wait(min(left, 0.05))
        return result

    def soon(self, condition: Callable[[], Any], node: str = "toy", seconds: int = 2) -> None:
        """
        Wait until the condition is true, and see that a node took so many seconds at most.

        It repeats itself each second, and speaks at once when a level changes: what is counted
        are repetitions, which tell its seconds on a machine that is too busy to keep time, too.
        """
        begin = len(self.reports)
        self.wait(condition)
        levels = [
            [(status.name, status.level) for status in array.status]
            for array in self.reports[begin:]
            if array.status[0].name.startswith(f"{node}: ")
        ]
        assert sum(map(operator.eq, levels, levels[1:])) <= seconds, levels

    def do(self, action: Callable[[], Any]) -> Any:
        """Act where callbacks run, as a service request of a lifecycle manager does."""
        return self._run(self.own, action)

    def do_elsewhere(self, action: Callable[[], Any]) -> Any:
        """
        Act where the peer's callbacks run.

        What another thread destroys while the executor gathers what to wait for ends its spin.
        """
        return self._run(self.others, action)

    def level(self, name: str) -> int | None:
        status = self.status.get(name)
        return None if status is None else status.level[0]

    def close(self) -> None:
        self.ended.set()
        for executor in (self.own, self.others):
            executor.shutdown()
        for thread in self.threads:
            thread.join()
        for node in self.nodes:
            node.close()
        for node in (*self.nodes, self.peer):
            node.destroy_node()
        rclpy.shutdown(context=self.context)
        gc.collect()  # what hangs in circles would go on speaking beside the next test

    def _run(self, executor: SingleThreadedExecutor, action: Callable[[], Any]) -> Any:
        done = executor.create_task(action)
        self.wait(done.done)
        return done.result()

    def _look(self) -> None:
        while not self.ended.wait(CHECK_PERIOD):
            for node in self.own.get_nodes():
                node.look()

    def _note(self, array: Any) -> None:
        with self.changed:
            self.reports.append(array)
            self.status |= {status.name: status for status in array.status}
            self.changed.notify_all()


@pytest.fixture
def robot() -> Iterator[Robot]:
    use_transport_profile()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    robot = Robot()
    try:
        yield robot
    finally:
        robot.close()
        rclpy.shutdown()
