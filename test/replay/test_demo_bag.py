"""
What the demo's rules make of what was seen on the road, beside what was marked by hand.

``road.mcap`` has the persons that nanodet saw in the first 50 s of vtest.avi, as the demo's replay
published them: ``make demo`` does all of it, from the film on.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge_perception.commands import main
from edge_perception.share import share_dir

ROAD = Path(__file__).with_name("road.mcap")
KNOWN = share_dir() / "config" / "demo"


def replay(tmp_path: Path, rules: Path) -> tuple[int, dict[str, float]]:
    """Return the exit code and the numbers of a replay by some rules."""
    (tmp_path / "expect.yaml").write_text(
        "{version: 1, expect: {time_to_stop: {max: 0.6}, time_to_resume: {max: 0.6},"
        " hold: {min: 90}, false_stops: {max: 5}}}"
    )
    code = main(
        [
            *("replay", str(ROAD), f"--rules={rules}", f"--labels={KNOWN / 'labels.yaml'}"),
            *(f"--expect={tmp_path / 'expect.yaml'}", f"--json={tmp_path / 'a.json'}"),
        ]
    )
    return code, json.loads((tmp_path / "a.json").read_text())["numbers"]


def test_it_stops_for_people_on_the_road_and_goes_on(tmp_path: Path) -> None:
    code, numbers = replay(tmp_path, KNOWN / "rules.yaml")
    assert code == 0, numbers


def test_rules_that_wait_too_long_are_told_by_their_numbers(tmp_path: Path) -> None:
    text = (KNOWN / "rules.yaml").read_text()
    assert "release: 2 of 2" in text
    (tmp_path / "rules.yaml").write_text(text.replace("release: 2 of 2", "release: 9 of 9"))
    code, numbers = replay(tmp_path, tmp_path / "rules.yaml")
    assert code == 3
    assert numbers["time_to_resume"] > 0.6
    assert numbers["false_stops"] > 5
