"""``edgec profile``: the time of every step and group."""

from __future__ import annotations

from pathlib import Path
import re

from edgec_cases import Capture, run, run_json
import pytest

from edge_perception.runtime import read_manifest


def test_profile_times_every_step_and_group(tiny_bundle: Path, capsys: Capture) -> None:
    result = run_json(capsys, "profile", tiny_bundle, "--seconds", "0.05", "--threads", "1")
    assert isinstance(result, dict)
    steps = read_manifest(tiny_bundle).model.steps
    assert [entry["step"] for entry in result["steps"]] == [step.name for step in steps]
    for parts in (result["steps"], result["groups"]):
        assert sum(entry["share"] for entry in parts) == pytest.approx(1)
        total = sum(entry["milliseconds"] for entry in parts)
        assert total == pytest.approx(result["milliseconds"])
    assert sum(group["steps"] for group in result["groups"]) == len(steps)
    for entry in result["steps"]:
        if entry["gflops"] and result["peak_gflops"]:
            share = entry["gflops"] / result["peak_gflops"]
            assert entry["share_of_peak"] == pytest.approx(share)
    assert run("profile", tiny_bundle, "--seconds", "0.05", "--sort", "time") == 0
    said = capsys.readouterr().out
    assert re.search(r"[1-9]\d*\.\d+ (us|ms) in", said), "small networks run for microseconds"
    table = said.partition("group ")[0]
    shown = [float(number) for number in re.findall(r" (\d+\.\d{3}) +\d", table)]
    assert len(shown) == len(steps)
    assert shown == sorted(shown, reverse=True)
