"""Folders that appear complete or not at all, also when their maker is killed."""

from __future__ import annotations

from pathlib import Path
import signal
import subprocess
import sys

import pytest

from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder

MAKER = """
import sys, time
from pathlib import Path
from edge_compiler.files.atomic import new_folder
from edge_perception.runtime import swap
STEPS = ("maker.lock", "old")
if sys.argv[2] == "renaming":  # can't exchange names, and dies between two renamings
    swap.ctypes.CDLL = lambda *_, **__: None
    Path.rename, rename = lambda a, b: rename(a, b) if b.name in STEPS else stop(), Path.rename
def stop():
    print("there", flush=True)
    time.sleep(600)
with new_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("new")
    if sys.argv[2] == "block":
        stop()
"""


def start(destination: Path, where: str) -> subprocess.Popen[str]:
    """Start a process that makes the folder, and return when it stands still."""
    child = subprocess.Popen(
        [sys.executable, "-c", MAKER, str(destination), where], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    return child


def fill(destination: Path) -> None:
    with new_folder(destination) as folder:
        (folder / "file").write_text("whole")


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    with start(tmp_path / "a", "block") as child:
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    fill(tmp_path / "a")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_what_a_living_process_makes_is_left_alone(tmp_path: Path) -> None:
    with start(tmp_path / "a", "block") as child:
        fill(tmp_path / "a")
        assert len(list(tmp_path.iterdir())) == 2
        child.kill()


def test_what_others_made_is_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / ".a-notes", tmp_path / ".a-file", tmp_path / ".b-x" / "maker.lock"]
    others[0].mkdir()
    others[1].write_text("")
    others[2].parent.mkdir()
    others[2].write_text("")
    fill(tmp_path / "a")
    assert all(path.exists() for path in others)


def test_what_was_there_comes_back_if_its_replacement_was_cut_short(tmp_path: Path) -> None:
    fill(tmp_path / "a")
    with start(tmp_path / "a", "renaming") as child:
        child.kill()
    assert not (tmp_path / "a").exists()
    with pytest.raises(RuntimeError), new_folder(tmp_path / "a"):
        raise RuntimeError
    assert (tmp_path / "a" / "file").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_full_disk_is_said_with_the_name_of_what_has_no_place(tmp_path: Path) -> None:
    destination = tmp_path / "model.edge"
    with pytest.raises(OSError, match=r"model\.edge"), new_folder(destination):
        Path("/dev/full").write_text("more than there is place for")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_folder_is_named_as_it_was_asked_for() -> None:
    with (
        pytest.raises(CompileError, match=r"^cannot write /proc/x\.edge: No such file"),
        new_folder(Path("/proc/x.edge")),
    ):
        pass
