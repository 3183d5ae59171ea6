"""The commands in the documentation: those that can be run are, and all are spelled right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory

from commands import faults, PARSERS
from pages import Block, blocks, ROOT
from PIL import Image
import pytest
from tflite_files import small

RUN = [block for block in blocks() if block.mark != "not run"]


def _name(block: Block) -> str:
    return f"{block.page}:{block.line}"


def test_each_command_is_one_that_there_is() -> None:
    checked = [(b, words, faults(words)) for b in blocks() for words in b.commands()]
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
