"""A node core for the tests of shells; run as a program it is a ROS node in its own process."""

from collections.abc import Mapping
import sys
import threading

from edge_perception import messages
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Level,
    Message,
    NodeCore,
    Outputs,
    Port,
    Qos,
)
from edge_perception.core.parameters import Parameter, Parameters

Text = messages.get("std_msgs/msg/String")


class Toy(NodeCore):
    """Echoes texts; some texts make it fail, wait or end up in a bad state."""

    parameters = (
        Parameter("prefix", "> ", "Put before each text."),
        Parameter("gain", 1.0, "A number.", minimum=0.0, maximum=10.0),
        Parameter("count", 3, "A whole number.", minimum=1),
        Parameter("mode", "slow", "A choice.", choices=("slow", "fast")),
        Parameter("volume", 1, "Changes at once.", minimum=1, maximum=9, live=True),
        Parameter("fixed", False, "Never changes.", read_only=True),
        Parameter("names", ["one"], "Some texts."),
    )
    inputs = (
        Port("text", "std_msgs/msg/String", "text"),
        Port("maybe", "std_msgs/msg/String", "maybe", optional=True),
        Port("image", "sensor_msgs/msg/Image", "image", Qos.MATCHED, optional=True),
    )
    outputs = (
        Port("echo", "std_msgs/msg/String", "echo"),
        Port("info", "std_msgs/msg/String", "info", Qos.LATCHED),
        Port("copy", "sensor_msgs/msg/Image", "copy"),
        Port("safe", "std_msgs/msg/String", "safe"),
    )

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.proceed = threading.Event()
        self.closed = 0
        self.bad = False

    def configure(self, parameters: Parameters) -> Outputs:
        self.parameters_now = parameters
        if parameters.text("prefix") == "refuse":
            raise ConfigurationError("the prefix 'refuse' can't be used; choose another")
        return [("info", Text(data=f"prefix {parameters.text('prefix')}"))]

    def adapt(self, parameters: Parameters) -> None:
        self.parameters_now = parameters

    def step(self, inputs: Mapping[str, Message], now: int) -> Outputs:
        if "image" in inputs:
            return [("copy", inputs["image"])]
        if "text" not in inputs:
            return []
        text = inputs["text"].data
        if text == "fail":
            raise ValueError("that text is not liked")
        if text == "wait":
            self.entered.set()
            self.proceed.wait(600)  # a test lets it go on
        self.bad = text == "bad"
        times = self.parameters_now.integer("volume")
        return [("echo", Text(data=f"{self.parameters_now.text('prefix')}{text * times}"))]

    def safe_state(self, now: int, reason: str) -> Outputs:
        return [("safe", Text(data=reason))]

    def diagnostics(self, now: int) -> list[Diagnostic]:
        level = Level.ERROR if self.bad else Level.OK
        return [Diagnostic(level, "mood", "bad" if self.bad else "good")]

    def close(self) -> None:
        self.closed += 1


if __name__ == "__main__":
    from edge_perception.nodes.base import NodeType, run

    sys.exit(run(NodeType("toy", lambda environment: Toy())))
