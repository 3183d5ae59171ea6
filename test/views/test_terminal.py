"""What a person at a terminal is shown."""

from __future__ import annotations

import io
import os

from edge_perception.core.stamps import to_time
from edge_perception.messages.types import Decision, Detection, DetectionArray, Header
from edge_perception.views.terminal import TerminalCore


def test_a_decision_may_come_before_the_image_that_it_is_of() -> None:
    out, ends = io.StringIO(), []
    core = TerminalCore(out, lambda: ends.append(out.getvalue()))
    header = Header(stamp=to_time(7))
    decision = Decision(header=header, action="go", rule="default", reason="no rule is in force")
    core.step({"decision": decision}, 8)
    assert not ends
    seen = DetectionArray(header=header, detections=[Detection(label="person", score=0.5)])
    core.step({"detections": seen}, 9)
    assert [line.partition(" | ")[2] for line in out.getvalue().splitlines()] == [
        "no image yet",
        "person 50% | 0 ms",
    ]
    assert ends == [out.getvalue()]
    core.step({"detections": seen}, 10)
    assert out.getvalue() == ends[0]


def test_what_was_decided_before_an_image_is_not_said_of_it() -> None:
    out = io.StringIO()
    core = TerminalCore(out, lambda: None)
    seen = DetectionArray(header=Header(stamp=to_time(7)), detections=[Detection(label="cat")])
    core.step({"decision": Decision(action="stop", rule="safe", reason="nothing has come")}, 8)
    core.step({"detections": seen}, 9)
    assert [line.partition(" | ")[2] for line in out.getvalue().splitlines()] == ["no image yet"]
    later = Decision(header=seen.header, action="stop", rule="safe", reason="1 of 3 images")
    core.step({"decision": later}, 10)
    assert out.getvalue().splitlines()[1:] == ["stop (safe: 1 of 3 images) | cat 0% | 0 ms"]


def test_the_robot_goes_on_when_nobody_reads_any_more() -> None:
    """As after ``edge-robot up | head``."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        core = TerminalCore(out, lambda: None)
        for action in ("go", "stop"):
            core.step({"decision": Decision(action=action, rule=action)}, 8)
        core.close()
