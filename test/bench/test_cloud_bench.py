"""The benchmark of local and cloud: its table, its server, whom it takes for late."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cache import BenchError
from bench.cloud import page, serve
from bench.cloud.__main__ import _judge
from edge_perception.cloud.compare import Run, server, Wanted
from edge_perception.cloud.figures import figures
from edge_perception.cloud.link import Traffic
from edge_perception.cloud.profiles import BY_NAME
from edge_perception.cloud.record import Mode, Record, Said

SECOND = 1_000_000_000
FACTS = {
    "date": "2026-01-02T03:04:05+00:00",
    "processor": "some processor",
    "cores": 2,
    "load average": 9.0,
    "real time": True,
}
WANTED = Wanted(
    Path("some.edge"),
    server("grpc://127.0.0.1:1", "m", 0.05, None, None),
    [BY_NAME["lan"]],
    "pattern",
    2,
    10.0,
    None,
    1,
)


def run(mode: Mode, after: float, is_safe: bool = False) -> Run:
    """Return a run whose two images were decided on so many seconds later."""
    stamps = [SECOND // 10 * number for number in range(2)]
    said = [Said(stamp + round(after * SECOND), stamp, is_safe) for stamp in stamps]
    record = Record(0, SECOND // 4, stamps, said, 0.01, None, "no counter", {})
    return Run("lan", mode, figures(record, Traffic(1000, 1000)))


def test_the_table_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cloud.md"
    path.write_text(f"before\n{page.BEGIN}old\n{page.END}after\n")
    monkeypatch.setattr(page, "PAGE", path)
    page.write(FACTS, WANTED, [run(Mode.REMOTE, 0.03)])
    text = path.read_text()
    assert text.startswith(f"before\n{page.BEGIN}")
    assert text.endswith(f"{page.END}after\n")
    assert "old" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert rows[-1].startswith("| lan | remote | 30.0 | 30.0 | 30.0 | 30.0 | 0.0 | 100% |")
    assert "Some, 10 images/s, 2 cores of some processor, by processes of real time" in text
    assert "Energy: not known: no counter." in text
    path.write_text("no place")
    with pytest.raises(BenchError, match="has no place for the table"):
        page.write(FACTS, WANTED, [run(Mode.REMOTE, 0.03)])
    assert page.BEGIN in (serve.Path(page.__file__).parents[2] / "docs" / "cloud.md").read_text()


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (run(Mode.LOCAL, 0.03), 0),
        (run(Mode.LOCAL, 0.11), 1),
        (run(Mode.REMOTE_FIRST, 0.11, is_safe=True), 0),
        (run(Mode.REMOTE, 0.11), 0),  # nobody expects more of a server
    ],
)
def test_who_has_a_model_of_his_own_must_be_soon_or_safe(one: Run, code: int) -> None:
    assert _judge([one]) == code


def test_a_server_that_does_not_start_is_said(tmp_path: Path) -> None:
    """In place of MLServer: a program that says what it was given, and ends."""
    python = tmp_path / "bin" / "python"
    program = python.with_name("mlserver")
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat $2/*.json >{tmp_path}/given; echo out of memory; exit 1\n")
    program.chmod(0o755)
    with (
        pytest.raises(BenchError, match="MLServer does not start: out of memory"),
        serve.serving(python, Path("/models/some.onnx")),
    ):
        pass
    given = (tmp_path / "given").read_text()
    model, settings = (json.loads(part) for part in given.replace("}{", "}\n{").splitlines())
    assert model["parameters"]["uri"] == "/models/some.onnx"
    assert settings["host"] == "127.0.0.1"
