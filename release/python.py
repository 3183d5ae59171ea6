"""
The distributions of Python: the sources, and the wheels that are built of them.

There are two wheels of one name and version, of which pip takes the one that suits a machine best:
with the messages of ROS 2 for the Python and the processor that build it, without them for others.
"""

from __future__ import annotations

from collections.abc import Mapping
import gzip
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
import tempfile

from release.facts import EPOCH, ROOT


def build_sources(out: Path, date: int) -> Path:
    """
    Pack what git knows of the checkout, as it is there now.

    Unpacked below ``src/`` of a workspace of ROS 2, it is the package that colcon builds.

    :param out: the folder for the archive.
    :param date: that its files get.
    :returns: the archive; the same files give the same bytes.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "sources")
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        made = Path(scratch, "made")
        _run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(made)], copy, date)
        [archive] = made.glob("*.tar.gz")
        return _repacked(archive, out / archive.name, date)


def build_wheel(sources: Path, out: Path, date: int, *, messages: bool) -> Path:
    """
    Build a wheel of the packed sources.

    :param messages: generate those of ROS 2 and compile them, which takes minutes.
    :returns: the wheel; without messages the same sources give the same bytes.
    """
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(sources) as archive:
            archive.extractall(scratch, filter="data")
        [unpacked] = Path(scratch).iterdir()
        made = Path(scratch, "made")
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--quiet",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
        ]
        without = {} if messages else {"EDGE_WITHOUT_MESSAGES": "1"}
        _run([*pip, "--wheel-dir", str(made), "."], unpacked, date, without)
        [wheel] = made.glob("*.whl")
        return Path(shutil.copy(wheel, out))


def _run(
    command: list[str], folder: Path, date: int, more: Mapping[str, str] | None = None
) -> None:
    """
    Run a command, whose warnings are for nobody here.

    :raises SystemExit: with all that it said, if it fails.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, EPOCH: str(date), **(more or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\n{' '.join(command)}: exit code {done.returncode}")


def _repacked(archive: Path, out: Path, date: int) -> Path:
    """Copy an archive with its files in order, by nobody and of one date."""
    with (
        tarfile.open(archive) as old,
        out.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=date) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, date
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(plain, old.extractfile(member) if member.isfile() else None)
    return out
