from __future__ import annotations

from itertools import permutations
import math
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from edge_perception import messages
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.demo.__main__ import EXPECTED, mistakes
from edge_perception.demo.prepare import PICTURES
from edge_perception.demo.report import print_sighting, summary
from edge_perception.demo.watch import Findings, fingerprint, Sighting, WatchCore

Header = messages.get("std_msgs/msg/Header")
Image = messages.get("sensor_msgs/msg/Image")
Detection = messages.get("edge_perception/msg/Detection")
DetectionArray = messages.get("edge_perception/msg/DetectionArray")
StageTime = messages.get("edge_perception/msg/StageTime")
Decision = messages.get("edge_perception/msg/Decision")
Status = messages.get("edge_perception/msg/PerceptionStatus")
DiagnosticArray = messages.get("diagnostic_msgs/msg/DiagnosticArray")
DiagnosticStatus = messages.get("diagnostic_msgs/msg/DiagnosticStatus")
Odometry = messages.get("nav_msgs/msg/Odometry")

PIXELS = np.arange(48, dtype=np.uint8)
NAMES = {fingerprint(PIXELS): "cat.png"}
START = 1_700_000_000 * SECOND


def about(stamp: int, label: str = "cat") -> dict[str, Any]:
    header = Header(stamp=to_time(stamp))
    return {
        "image": Image(header=header, data=PIXELS),
        "detections": DetectionArray(
            header=header,
            detections=[Detection(label=label, score=0.9)],
            stages=[StageTime(name="run", milliseconds=4.0)],
        ),
        "decision": Decision(header=header, action="stop", rule="animal"),
    }


def watch() -> tuple[WatchCore, Findings, list[Sighting]]:
    findings, seen = Findings(), []
    return WatchCore(NAMES, findings, seen.append), findings, seen


@pytest.mark.parametrize("order", list(permutations(("image", "detections", "decision"))))
def test_what_belongs_together_is_put_together_in_any_order(order: tuple[str, ...]) -> None:
    core, findings, seen = watch()
    now, later = about(START), about(START + SECOND)
    for port in order:
        core.step({port: now[port]}, START + 20_000_000)
        core.step({port: later[port]}, START + SECOND + 40_000_000)
    assert [sighting.name for sighting in seen] == ["cat.png", "cat.png"]
    assert findings.ages == [20.0, 40.0]
    assert findings.runs == [4.0, 4.0]
    assert seen[0].decision is now["decision"]


def test_halves_are_forgotten_in_the_end() -> None:
    core, _, seen = watch()
    for second in range(1000):
        core.step({"decision": about(START + second * SECOND)["decision"]}, START)
    assert len(core._open) < 100
    assert not seen


def test_errors_of_nodes_are_kept_as_long_as_they_last() -> None:
    core, findings, _ = watch()

    def report(level: int) -> None:
        status = DiagnosticStatus(level=level, name="camera: source", message="it is gone")
        core.step({"diagnostics": DiagnosticArray(status=[status])}, START)

    report(2)
    assert findings.problems == {"camera: source": "it is gone"}
    report(0)
    assert not findings.problems


def findings_with(labels: dict[str, str], safe: bool = False) -> Findings:
    findings = Findings()
    for name, label in labels.items():
        parts = about(START, label)
        parts["decision"].safe = safe
        findings.shown[name] = Sighting(name, **parts, odometry=Odometry())
    return findings


FIRST = {name: wanted[0] for name, wanted in EXPECTED.items()}
RIGHT = {**dict.fromkeys(PICTURES, "thing"), **FIRST}


def test_right_results_are_no_mistakes() -> None:
    assert mistakes(findings_with(RIGHT)) == []


def test_a_wrong_label_a_missing_picture_and_distrust_are_mistakes() -> None:
    wrong = findings_with({**RIGHT, "chelsea.png": "dog"})
    assert "expected one of tabby" in mistakes(wrong)[0]
    missing = findings_with({name: RIGHT[name] for name in PICTURES[1:]})
    missing.problems["camera: source"] = "it is gone"
    assert f"no decision was seen for {PICTURES[0]}" in mistakes(missing)[0]
    assert "it is gone" in mistakes(missing)[0]
    assert len(mistakes(findings_with(RIGHT, safe=True))) == len(PICTURES)


def test_a_robot_that_does_not_know_where_it_is_makes_a_mistake() -> None:
    lost = findings_with(RIGHT)
    for sighting in lost.shown.values():
        sighting.odometry = None
    assert "does not know where it is" in mistakes(lost)[0]


def test_the_pose_is_that_of_the_moment() -> None:
    core, findings, _ = watch()
    odometry = Odometry()
    core.step({"pose": odometry, **about(START)}, START)
    assert findings.shown["cat.png"].odometry is odometry


def test_a_line_tells_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_sighting(Console(width=120), Sighting("cat.png", **about(START), age=12.34))
    line = capsys.readouterr().out
    assert line.split() == ["cat.png", "cat", "0.900", "stop", "animal", "4.0", "12.3", "unknown"]
    placed = Odometry()
    placed.pose.pose.position.x = 1.5
    placed.pose.pose.orientation.z = placed.pose.pose.orientation.w = math.sqrt(0.5)
    print_sighting(Console(width=120), Sighting("cat.png", **about(START), odometry=placed))
    assert capsys.readouterr().out.strip().endswith("1.50, 0.00, +90°")
    nothing = Sighting("cat.png", **{**about(START), "detections": DetectionArray()})
    print_sighting(Console(width=120), nothing)
    assert "nothing" in capsys.readouterr().out


def test_the_summary_is_computed_from_what_was_seen() -> None:
    findings = Findings(ages=[10.0] * 19 + [110.0], runs=[], dropped=2)
    facts = summary(findings)
    assert facts["camera to decision"] == "p50 10.0 ms, p95 15.0 ms"
    assert facts["dropped pictures"] == "2"
    assert "model alone" not in facts
