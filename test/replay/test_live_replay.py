"""A bag through the robot's nodes on transports: the numbers are those of the time of the bag."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from bags import drive, RULES, write
import pytest

from edge_perception.transport.sp import registry

TRANSPORTS = ["nanomsg", pytest.param("ros", marks=pytest.mark.ros)]


def replay(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "edge_perception.cli", "replay", str(folder / "bag"), *more],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, registry.VARIABLE: str(folder / "run")},
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_numbers_are_those_of_bag_time(
    tmp_path: Path, tiny_bundle: Path, transport: str
) -> None:
    """
    It holds always, by a rule on every label, and ought to go on after two seconds.

    So it holds from its first decision on, which comes before the bag begins, or is late on a
    machine that is too busy: by as much as the run itself says.
    """
    if transport == "ros":
        pytest.importorskip("rclpy")
    write(tmp_path / "bag", drive())
    rules = RULES.replace("label: red", "label: '*'").replace("detections: 0.5", "detections: 60")
    (tmp_path / "rules.yaml").write_text(rules)
    (tmp_path / "bag.labels.yaml").write_text("hold: [[0, 2]]\npose: /odom\n")
    (tmp_path / "expect.yaml").write_text(
        "{version: 1, hold: [halt], expect: {time_to_resume: {max: 0.2}}}"
    )
    found: dict[str, Any] = {}
    for name in ("bag", transport):
        given = [f"--model={tiny_bundle}", f"--rules={tmp_path / 'rules.yaml'}"]
        files = [f"--expect={tmp_path / 'expect.yaml'}", f"--json={tmp_path / name}.json"]
        done = replay(tmp_path, *given, *files, f"--transport={name}")
        assert done.returncode == 3, done.stderr
        assert "on /detections" in done.stdout
        found[name] = json.loads((tmp_path / f"{name}.json").read_text())
        assert "error" not in done.stderr
    bag, live = found["bag"]["numbers"], found[transport]["numbers"]
    assert live.keys() == bag.keys()
    assert found[transport]["wrong"] == found["bag"]["wrong"] == ["time_to_resume"]
    assert bag["hold"] == 100
    assert live["hold"] == pytest.approx(100 * (1 - live["time_to_stop"] / 2))
    assert live["time_to_stop"] <= live["time_blind"]
    assert 0 < live["latency_p50"] <= live["latency_p99"] < 60_000


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_node_that_can_not_be_started_is_no_replay(tmp_path: Path, transport: str) -> None:
    if transport == "ros":
        pytest.importorskip("rclpy")
    write(tmp_path / "bag", drive(0.2))
    done = replay(tmp_path, "--model=no.edge", f"--transport={transport}")
    assert done.returncode == 1
    assert "no.edge" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--clock=measured"], "--clock measured: time is always measured on a transport"),
        (["--out=a.mcap"], "edge-robot record --transport nanomsg records"),
    ],
)
def test_what_means_nothing_on_a_transport(tmp_path: Path, more: list[str], says: str) -> None:
    write(tmp_path / "bag", drive(0.2))
    done = replay(tmp_path, "--transport=nanomsg", *more)
    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
