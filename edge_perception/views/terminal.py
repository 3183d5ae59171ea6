"""What is seen and decided, on one line, for the person at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from edge_perception.core.labels import caption
from edge_perception.core.node import Inputs, NodeCore, Outputs, Port
from edge_perception.core.stamps import nanoseconds
from edge_perception.messages.types import Decision, DetectionArray
from edge_perception.runtime.nowhere import write_nowhere

SHOWN = 3  # detections on the line
WIDTH = 100  # columns of the line


class TerminalCore(NodeCore):
    """
    Shows detections and decision.

    On a terminal the line is rewritten; elsewhere a line is printed when the decision changes
    and with the first one on an image.
    """

    inputs = (  # whoever has to publish them is not judged here: a robot need not see or decide
        Port("detections", "edge_perception/msg/DetectionArray", "detections", optional=True),
        Port("decision", "edge_perception/msg/Decision", "decision", optional=True),
    )

    def __init__(self, out: TextIO, decided: Callable[[], None]) -> None:
        """
        Show nothing yet.

        :param decided: is called after each decision on an image that was seen here
        """
        self._out = out
        self._decided = decided
        self._detections: DetectionArray | None = None
        self._decision: Decision | None = None
        self._is_on_image = False

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Show what is new: a decision and the image that it is of come in any order."""
        before = self._decision
        self._detections = inputs.get("detections", self._detections)
        self._decision = decision = inputs.get("decision", before)
        if decision is None:
            return ()
        on_image = self._detections is not None and nanoseconds(decision.header.stamp) > 0
        first, self._is_on_image = on_image and not self._is_on_image, on_image
        if self._out.isatty():
            self._write(f"\r{self._line(decision)[:WIDTH]:<{WIDTH}}")
        elif before is None or before.rule != decision.rule or first:
            self._write(f"{self._line(decision)}\n")
        if on_image:
            self._decided()
        return ()

    def close(self) -> None:
        """Leave the cursor on a fresh line."""
        if self._decision is not None and self._out.isatty():
            self._write("\n")
        self._decision = None

    def _write(self, text: str) -> None:
        """Write to whoever reads it; nowhere from when they have seen enough: a robot goes on."""
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            write_nowhere(self._out)

    def _line(self, decision: Decision) -> str:
        return f"{decision.action} ({decision.rule}: {decision.reason}) | {self._seen()}"

    def _seen(self) -> str:
        if self._detections is None:
            return "no image yet"
        found = [f"{caption(one)} {one.score:.0%}" for one in self._detections.detections[:SHOWN]]
        age = nanoseconds(self._detections.age) / 1e6
        return f"{', '.join(found) or 'nothing seen'} | {age:.0f} ms"
