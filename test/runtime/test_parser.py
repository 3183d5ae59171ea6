"""Command lines: options anywhere, and sentences about words that are wrong."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import pytest

from edge_compiler import cli as edgec
from edge_perception import commands as edge_robot
from edge_perception.robot import graph
from edge_perception.runtime import __main__ as edgec_of_a_robot
from edge_perception.runtime.parser import CommandParser


def robot() -> argparse.ArgumentParser:
    """Return the parser of edge-robot."""
    return edge_robot.build_parser(graph.load())


@pytest.mark.parametrize(
    ("build", "command", "words", "options"),
    [
        (edgec.build_parser, "install", ["new", "old"], [["--json"], ["--key", "k"]]),
        (edgec.build_parser, "install", ["old"], [["--rollback"], ["--json"]]),
        (edgec.build_parser, "sign", ["a", "b"], [["--key", "k"]]),
        (edgec.build_parser, "run", ["m", "a", "b"], [["--top", "3"], ["--json"]]),
        (edgec.build_parser, "doctor", ["host", "c99"], [["--json"]]),
        (edgec_of_a_robot.build_parser, "install", ["new", "old"], [["--json"]]),
        (robot, "enroll", ["Ada", "a", "b"], [["--model", "p"]]),
        (robot, "view", ["a", "b"], [["--web", "80"]]),
        (robot, "call", ["arm", "{}"], [["--peer", "x"]]),
        (robot, "bag cut", ["a", "b.mcap"], [["--begin", "1"], ["--end", "2"]]),
        (robot, "param set", ["a", "b", "-3"], [["--peer", "x"]]),
    ],
)
def test_options_stand_anywhere(
    build: type[argparse.ArgumentParser], command: str, words: list[str], options: list[list[str]]
) -> None:
    parser = build()
    orders = set(itertools.permutations(["w"] * len(words) + ["o"] * len(options)))
    results = []
    for order in sorted(orders):
        next_words, next_options = iter([word] for word in words), iter(options)
        given = [next(next_words if kind == "w" else next_options) for kind in order]
        found = vars(parser.parse_args([*command.split(), *itertools.chain(*given)]))
        results.append({name: value for name, value in found.items() if not callable(value)})
    assert all(found == results[0] for found in results)
    said = itertools.chain.from_iterable(
        value if isinstance(value, list) else [value] for value in results[0].values()
    )
    assert {str(Path(word)) for word in words} <= {str(one) for one in said}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("complie m.onnx", "edgec: error: there is no command 'complie': did you mean compile?"),
        ("xyz", "edgec: error: there is no command 'xyz'; there are: fetch, import, analyze,"),
        (
            "install a b --jsn",
            "edgec install: error: there is no option --jsn: did you mean --js",
        ),
        ("verify a --kye=b", "edgec verify: error: there is no option --kye: did you mean --key?"),
        ("verify a b", "edgec verify: error: nothing more is expected, but there is 'b'"),
        ("ops -x", "edgec ops: error: there is no option -x\n"),
        ("compile m -o b --bogus", "edgec compile: error: there is no option --bogus\n"),
        ("compile m --tune", "edgec compile: error: the following arguments are required: -o"),
    ],
)
def test_words_that_are_wrong_are_named(
    line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        edgec.build_parser().parse_args(line.split())
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.endswith(" --help lists its options\n")
    assert said.count("\n") == 2


def test_a_line_without_a_command_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    for line in ([], ["toolchain"]):
        with pytest.raises(SystemExit) as ended:
            edgec.build_parser().parse_args(line)
        assert ended.value.code == 2
        said = capsys.readouterr()
        assert not said.out
        assert "show this help message" in said.err


def test_words_after_two_dashes_are_no_options() -> None:
    parser = CommandParser()
    parser.add_argument("new", nargs="?")
    parser.add_argument("old")
    parser.add_argument("--json", action="store_true")
    assert vars(parser.parse_args(["--json", "--", "-a", "-b"])) == {
        "new": "-a",
        "old": "-b",
        "json": True,
    }
