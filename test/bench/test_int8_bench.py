"""The comparison in every precision: pieces, measured one by one, become one file and one page."""

import json
from pathlib import Path

import pytest

from bench import int8, int8_results
from bench.cache import BenchError
from bench.engines import REFERENCE
from bench.engines.tiers import FLOAT32, INT8
from bench.int8_table import BEGIN, END, publish, show
from bench.turns import Piece, Turn
from edge_compiler.machine import processor_identity

WANTED = [("resnet18", 1), ("resnet18", 2), ("resnet50", 1)]
VERSIONS = {REFERENCE: "1.2.3"}


def piece(network: str, threads: int, ours: float = 4.0) -> Piece:
    turns = [
        Turn(f"edge_perception {FLOAT32}", ours * 3, ours * 3, 9, 120.0, True),
        Turn(f"edge_perception {INT8}", ours, ours + 1, 9, 25.0, True),
        Turn(REFERENCE, 6.0, 6.0, 9, float("inf"), True),
    ]
    return Piece(network, threads, turns, [])


def test_pieces_are_put_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "results" / "int8.json"
    int8_results.add(path, piece("resnet50", 1), "a", VERSIONS)
    int8_results.add(path, piece("resnet18", 1), "a", VERSIONS)
    assert int8_results.find(path, "resnet18", 1, "a") == piece("resnet18", 1)
    assert int8_results.find(path, "resnet18", 2, "a") is None
    assert int8_results.find(path, "resnet18", 1, "b") is None, "what it is made of has changed"
    int8_results.add(path, piece("resnet18", 1, ours=2.0), "b", VERSIONS)
    kept = int8_results.ordered(int8_results.read(path), int8.NETWORKS)
    assert [(x.piece.network, x.key) for x in kept] == [("resnet18", "b"), ("resnet50", "a")]
    assert kept[0].piece.turns[1].minimum_ms == 2.0


def test_pieces_of_two_processors_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "int8.json"
    int8_results.add(path, piece("resnet50", 1), "a", VERSIONS)
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"processor": "Z80"}))
    with pytest.raises(BenchError, match=r"was measured on Z80 .* move it away"):
        int8_results.add(path, piece("resnet50", 2), "a", VERSIONS)
    other = tmp_path / "int8-z80.json"
    path.rename(other)
    int8_results.add(int8_results.file_here(tmp_path), piece("resnet18", 2), "a", VERSIONS)
    measured = int8_results.every(tmp_path)
    assert {name: [x.piece.network for x in kept] for name, kept in measured.items()} == {
        "Z80": ["resnet50"],
        processor_identity(): ["resnet18"],
    }


def test_the_page_has_what_was_measured_and_says_what_was_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = tmp_path / "int8.json", tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    int8_results.add(path, piece("resnet18", 1), "a", VERSIONS)
    int8_results.add(path, piece("resnet50", 1, ours=8.0), "a", VERSIONS)
    found = int8_results.read(path)
    publish({"Z80": found}, WANTED, page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}Measured on Z80, ")
    assert text.endswith(f"{END}after\n")
    assert "Not measured yet: resnet18 with 2.\n" in text
    assert "| edge_perception int8 | 4.00, 5.00; 1.00; 25 | 8.00, 9.00; 1.00; 25 |" in text
    assert "- int8 is 3.00 times as fast as our float32, by geometric mean (3.00 to 3.00)" in text
    assert "beats all others on 1 of 2 networks: resnet18 1.50, resnet50 0.75" in text
    show(found)
    assert "beats all others on 1 of 2 networks" in capsys.readouterr().out


def test_a_piece_that_fails_does_not_take_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(network: str, threads: int, *_: object) -> Piece:
        if network == "resnet18":
            raise BenchError("it crashed")
        return piece(network, threads)

    page = tmp_path / "README.md"
    page.write_text(f"{BEGIN}{END}")
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(int8, "RESULTS", tmp_path)
    monkeypatch.setattr(int8, "README", page)
    monkeypatch.setattr(int8, "images", lambda _: (tmp_path, tmp_path))
    monkeypatch.setattr(int8, "_install", lambda *_: ({}, []))
    monkeypatch.setattr(int8, "_convert", lambda *_: ({}, []))
    monkeypatch.setattr(int8, "take_turns", measure)
    assert int8.main(["--models", "resnet18,resnet50", "--threads", "1"]) == 1
    assert "resnet18, threads: 1: it crashed" in capsys.readouterr().err
    [kept] = int8_results.read(int8_results.file_here(tmp_path))
    assert kept.piece.network == "resnet50"
    assert "| engine | resnet50 |" in page.read_text()
