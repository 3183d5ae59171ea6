"""What is shown of a robot at work, and what keys do."""

from __future__ import annotations

import io

import numpy as np

from edge_perception.core.node import Port
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import (
    Decision,
    Detection,
    DetectionArray,
    DiagnosticArray,
    DiagnosticStatus,
    Header,
    Image,
)
from edge_perception.views.watch import WatchCore

PORTS = [
    Port("a", "sensor_msgs/msg/Image", "camera/image_raw"),
    Port("b", "edge_perception/msg/DetectionArray", "detections"),
    Port("c", "edge_perception/msg/Decision", "decision"),
    Port("d", "diagnostic_msgs/msg/DiagnosticArray", "/diagnostics"),
]
BEGIN = 1000 * SECOND


def test_a_robot_is_shown_and_keys_choose() -> None:
    keys: list[str] = []
    ended: list[bool] = []
    out = io.StringIO()
    core = WatchCore(PORTS, out, lambda: keys.pop() if keys else "", lambda: ended.append(True))
    core.topics = {port.name: f"/{port.topic.lstrip('/')}" for port in PORTS}
    for index in range(31):
        now = BEGIN + index * SECOND // 10
        header = Header(stamp=to_time(now - 20_000_000))
        wrong = DiagnosticStatus(level=2 if index < 20 else 0, name="imu: source", message="lost")
        core.step(
            {
                "a": [Image(header=header, data=np.zeros(100, np.uint8))],
                "b": [DetectionArray(header=header, detections=[Detection(label="cat", score=1)])],
                "c": [Decision(action="stop", reason="a cat")],
                "d": [DiagnosticArray(status=[wrong])],
            },
            now,
        )
        shown = core.lines(now)
        assert any("imu: source: lost" in line for line in shown) is (index < 20)
    assert shown[1].split() == ["/camera/image_raw", "10.3", "20"]
    assert "sees      cat 1.00" in shown
    assert "decides   stop: a cat" in shown
    keys.append("n")
    core.step({}, now + 1)
    assert core.lines(now)[1].startswith(">/camera/image_raw")
    assert "  data: 100 numbers" in core.lines(now)
    keys.append(" ")
    core.step({}, now + 2)
    before = out.getvalue()
    core.step({}, now + 10 * SECOND)
    assert out.getvalue() == before
    keys.append("q")
    core.step({}, now)
    assert ended == [True]
