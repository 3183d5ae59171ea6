"""The commands in the documentation: those that can be run are, and all are spelled right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
import io
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory

from pages import Block, blocks, ROOT
from PIL import Image
import pytest
from tflite_files import small

from edge_compiler.cli import build_parser as edgec_parser
from edge_perception.commands import build_parser as robot_parser
from edge_perception.nodes import base
from edge_perception.robot import graph

GRAPH = graph.load()
PARSERS = {"edgec": edgec_parser(), "edge-robot": robot_parser(GRAPH)}
RUN = [block for block in blocks() if block.mark != "not run"]


def _name(block: Block) -> str:
    return f"{block.page}:{block.line}"


def _faults(words: list[str]) -> str:
    """Return what is wrong with a command; what is not ours may be anything."""
    name = Path(words[0]).name
    if "..." in words:  # the reader's own options
        words = [word for word in words if word != "..."]
    if name in PARSERS:
        arguments = words[1 : words.index("--ros-args") if "--ros-args" in words else None]
        return _refusal(name, arguments)
    if name == "make" and len(words) > 1:
        makefile = (ROOT / "Makefile").read_text("utf-8")
        return "" if re.search(rf"^{words[1]}:", makefile, re.MULTILINE) else "no such target"
    if name.startswith("python") and words[1:2] == ["-m"]:
        return "" if words[2] == "venv" or find_spec(words[2]) else "no such module"
    if words[:3] == ["ros2", "run", "edge_perception"]:
        return "" if words[3] in {*base.names(), "pose"} else "no such node"
    if words[:3] == ["ros2", "launch", "edge_perception"] or name == "launch":
        return _unknown_arguments([word for word in words if ":=" in word])
    return ""


def _refusal(name: str, arguments: list[str]) -> str:
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            PARSERS[name].parse_args(arguments)
    except SystemExit as ended:
        return said.getvalue() if ended.code else ""
    return ""


def _unknown_arguments(given: list[str]) -> str:
    files = "".join(path.read_text("utf-8") for path in (ROOT / "launch").glob("*.py"))
    known = {argument.name for argument in GRAPH.arguments} | set(re.findall(r'"(\w+)"', files))
    return ", ".join(
        name for name in (word.partition(":=")[0] for word in given) if name not in known
    )


def test_each_command_is_one_that_there_is() -> None:
    checked = [(b, words, _faults(words)) for b in blocks() for words in b.commands()]
    assert sum(Path(words[0]).name in PARSERS for _, words, _ in checked) > 50
    wrong = [f"{_name(b)}: {' '.join(words)}: {fault}" for b, words, fault in checked if fault]
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def run(
    tiny_onnx: Path, made_once: Callable[..., Path], tmp_path: Path
) -> Iterator[Callable[[str], None]]:
    """Return what runs commands where a reader has a model, pictures, rules and a bag."""
    for name in ("own.onnx", "model.onnx"):
        shutil.copy(tiny_onnx, tmp_path / name)
    (tmp_path / "own.tflite").write_bytes(small())
    (tmp_path / "pictures").mkdir()
    for name in ("picture.jpg", "photo.jpg", "pictures/1.jpg"):
        Image.new("RGB", (64, 48), "green").save(tmp_path / name)
    for name in ("my_rules.yaml", "other_rules.yaml"):
        shutil.copy(ROOT / "config" / "rules.yaml", tmp_path / name)
    shutil.copy(
        made_once("robot_of_the_docs", _make_robot) / "test/bags/example.mcap",
        tmp_path / "drive.mcap",
    )
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with TemporaryDirectory(prefix="robot") as sockets:  # their paths must be short
        environment = {
            **os.environ,
            "EDGE_ROBOT_RUN": sockets,
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }

        def run(commands: str) -> None:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert done.returncode == 0, done.stdout[-3000:]

        yield run


def _make_robot(folder: Path) -> None:
    command = [sys.executable, "-m", "edge_perception.cli", "new", "--no-ros", folder]
    subprocess.run(command, check=True, cwd=ROOT)


@pytest.mark.parametrize("page", sorted({block.page for block in RUN}))
def test_a_page_runs(
    page: str, run: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    """From its first block to its last, in one folder."""
    mine = [block for block in RUN if block.page == page]
    slow = [block.reason for block in mine if block.mark == "slow"]
    if slow and not request.config.getoption("--docs"):
        pytest.skip(f"make test-docs runs it: it {slow[0]}")
    for block in mine:
        run(block.text)
