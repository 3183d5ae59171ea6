"""Many bags: one table, whoever does the work, and what happens to one happens to no other."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re

from bags import BEGIN, write
import pytest

from edge_perception.commands import main
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Detection, DetectionArray, Header

RULES = """
version: 1
timeout: {detections: 0.5}
actions: {go: {limit: {linear: 1, angular: 1}}, stop: {limit: {linear: 0, angular: 0}}}
default: go
safe: stop
rules: [{name: cat, when: {label: cat}, action: stop}]
"""
EXPECTED = "{version: 1, expect: {hold: {min: 90}, false_stops: {max: 5}}}"


def cats(seconds: float) -> Iterator[tuple[int, str, DetectionArray]]:
    """Yield what was seen in four seconds: a cat for so long."""
    for index in range(40):
        stamp = BEGIN + index * SECOND // 10
        header = Header(stamp=to_time(stamp), frame_id="camera")
        seen = DetectionArray(header=header, image_width=40, image_height=30)
        if index < seconds * 10:
            seen.detections = [Detection(label="cat", score=0.9)]
        yield stamp, "/detections", seen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with bags in which a cat is there for two seconds, seen for one to three."""
    (tmp_path / "bags").mkdir()
    for name, seconds in {"good": 2.0, "late": 3.0, "lost": 1.0}.items():
        write(tmp_path / "bags" / name, cats(seconds), types=True)
        (tmp_path / "bags" / f"{name}.labels.yaml").write_text("hold: [[0, 2]]")
    (tmp_path / "bags" / "broken.mcap").write_text("no bag")
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "expect.yaml").write_text(EXPECTED)
    return tmp_path


def test_the_worst_come_first_and_a_broken_one_costs_no_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        *("replay", str(folder / "bags"), "--workers=2", f"--rules={folder / 'rules.yaml'}"),
        *(f"--expect={folder / 'expect.yaml'}", f"--results={folder / 'results'}"),
        f"--json={folder / 'all.json'}",
    ]
    assert main(command) == 1
    first = capsys.readouterr().out
    rows = [line.split()[0] for line in first.splitlines()[1:5]]
    assert rows == ["broken.mcap", "late", "lost", "good"]
    assert re.search(r"^good +3\.9 s +100\.0 % +0\.0 % +ok$", first, re.MULTILINE)
    assert "1 of 4 bags are as expected" in first
    data = {Path(one["bag"]).name: one for one in json.loads((folder / "all.json").read_text())}
    assert "is no file of MCAP" in data["broken.mcap"]["error"]
    assert data["lost"]["wrong"] == ["hold"]

    # what is kept is not made again: a result that was changed stays as it is
    kept = folder / "results" / "late.json"
    kept.write_text(kept.read_text().replace('"seconds": 3.9', '"seconds": 77.0'))
    assert main(command) == 1
    assert re.search(r"^late +77\.0 s", capsys.readouterr().out, re.MULTILINE)


def test_a_cluster_gives_the_same_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distributed = pytest.importorskip("distributed")
    (folder / "bags" / "broken.mcap").unlink()
    given = [f"--rules={folder / 'rules.yaml'}", f"--expect={folder / 'expect.yaml'}"]
    assert main(["replay", str(folder / "bags"), *given]) == 3
    alone = capsys.readouterr().out
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        address = f"--cluster={cluster.scheduler_address}"
        assert main(["replay", str(folder / "bags"), *given, address]) == 3
    assert capsys.readouterr().out == alone


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--html=x.html"], "--html is for one bag"),
        (["--workers=0"], "--workers is 0; at least one must do the work"),
    ],
)
def test_options_that_are_for_one_bag(
    folder: Path, more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder / "bags"), *more]) == 1
    assert says in capsys.readouterr().err
