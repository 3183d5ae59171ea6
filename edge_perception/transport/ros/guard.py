"""
A small process beside one whose nodes others obey: it has the last word when that one is killed.

It waits at a pipe, which the kernel closes with the process at its other end, and loads ROS only
then: until there is something to say it takes neither time nor much memory. Those who obey need a
time-out all the same, as a power cut leaves nobody to speak.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import subprocess
import sys
import threading
import time
from typing import Any, TextIO, TYPE_CHECKING

from edge_perception import ending

if TYPE_CHECKING:
    from edge_perception.transport.endpoints import Words

SPEAKING = 3.0  # seconds from when somebody has discovered the new publisher
LONGEST = 10.0  # seconds in which somebody has to, on a machine that is too busy
INTERVAL = 0.1  # seconds between two messages
PATIENCE = 2.0  # seconds in which the guard has to end when it is dismissed


class Guard:
    """The process that watches over this one; it starts with the first words that it is given."""

    def __init__(self) -> None:
        self._words: dict[str, Words] = {}
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def hold(self, node: str, words: Words) -> None:
        """
        Publish these words when this process is killed; none: nothing is left to say for the node.

        :param node: its fully qualified name
        :raises OSError: if the guard can't be started
        """
        with self._lock:
            self._words[node] = words
            if self._process is not None and self._process.poll() is not None:
                self._process = None  # somebody killed it
            if self._process is None and words:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__],
                    stdin=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # a Ctrl-C is not for it
                )
            if self._process is not None:
                assert self._process.stdin is not None
                self._process.stdin.write(f"{json.dumps(self._written())}\n")
                self._process.stdin.flush()

    def dismiss(self) -> None:
        """End the guard; what nodes still hold is published."""
        process, self._process = self._process, None
        if process is not None:
            try:
                process.communicate(timeout=PATIENCE)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()

    def _written(self) -> dict[str, list[list[str]]]:
        return {
            node: [[topic, kind, data.hex()] for topic, kind, data in words]
            for node, words in self._words.items()
            if words
        }


def watch(pipe: TextIO) -> dict[str, Words]:
    """Wait until the process at the other end is gone; return what is left to say, by node."""
    last = "{}"
    for line in pipe:
        if line.endswith("\n"):  # or the process was killed while it wrote
            last = line
    return {
        node: [(topic, kind, bytes.fromhex(data)) for topic, kind, data in words]
        for node, words in json.loads(last).items()
    }


def name_of_guard(node: str) -> str:
    """Return the fully qualified name of the node that speaks in place of one."""
    return f"{node}_guard"


class _Speaker:
    """Says last words on a topic, until those who listen had the time to hear them."""

    def __init__(self, node: Any, topic: str, kind: str, data: bytes) -> None:
        from rclpy.serialization import deserialize_message

        from edge_perception.transport.ros.typesupport import rosidl_class

        message_type = rosidl_class(kind)
        self._message = deserialize_message(data, message_type)
        self._node = node
        self._publisher = node.create_publisher(message_type, topic, 10)
        self._is_heard = False
        self._end = time.monotonic() + LONGEST

    def speak(self) -> bool:
        """Say them once more, unless that is over; return whether it was not."""
        if not self._is_heard and self._publisher.get_subscription_count():
            self._is_heard = True
            self._end = time.monotonic() + SPEAKING
        if time.monotonic() >= self._end:
            self._node.destroy_publisher(self._publisher)  # those who come back speak alone
            return False
        if hasattr(self._message, "header"):
            self._message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(self._message)
        return True


def speak(held: Mapping[str, Words]) -> None:
    """Publish the last words, until everybody had the time to hear them."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from edge_perception.transport.ros.profile import use_transport_profile

    use_transport_profile()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    speakers = []
    for name, words in held.items():
        namespace, _, own = name_of_guard(name).rpartition("/")
        node = rclpy.create_node(
            own,
            namespace=namespace or "/",
            start_parameter_services=False,
            enable_rosout=False,
        )
        speakers += [_Speaker(node, *word) for word in words]
    while speakers := [one for one in speakers if one.speak()]:
        time.sleep(INTERVAL)
    rclpy.shutdown()


def main() -> int:
    """Watch over the process that writes to standard input."""
    ending.not_again()
    held = watch(sys.stdin)
    if held:
        print(
            f"error: the process of {' and '.join(held)} was killed; its safe action is published"
            f" in its place by {' and '.join(map(name_of_guard, held))}",
            file=sys.stderr,
            flush=True,
        )
        speak(held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
