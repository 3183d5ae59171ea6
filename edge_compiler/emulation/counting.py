"""
Counts the instructions that an emulated program executes, with a plugin of QEMU.

The time that QEMU takes says nothing about a real processor; how many instructions a program
executes is the same on both. It is not a time either: instructions differ in what they cost.
"""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
from pathlib import Path
import re
import subprocess
import tempfile

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache

_HERE = Path(__file__).parent
_HEADER = _HERE / "marks.h"
_PLUGIN = _HERE / "count.c"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-fvisibility=hidden")
COMPILER_TIMEOUT_S = 60


def counting(emulator: Sequence[str], log: Path) -> list[str]:
    """
    Return the words to put before a command so that its marks are written into a log.

    :param emulator: the words that only emulate, as a toolchain gives them.
    :raises CompileError: if there is no emulator, or the plugin can't be built.
    """
    if not emulator:
        raise CompileError(
            "instructions are counted in an emulator, and this machine runs the program itself; "
            "count on an x86-64 machine, or measure times here"
        )
    plugin, log_argument = (str(path).replace(",", ",,") for path in (_built(), log))
    return [*emulator, "-plugin", f"{plugin},log={log_argument}"]


def read_marks(log: Path) -> list[tuple[int, int]]:
    """Return the marks, and how many instructions the thread had executed before each."""
    lines = (line.split() for line in log.read_text().splitlines())
    return [(int(mark), int(count)) for mark, count in lines]


def instructions_by_step(log: Path, steps: int) -> list[int]:
    """
    Return the instructions of each step in the last run of a program that marks steps.

    :raises CompileError: if the program has not marked all of them.
    """
    counts = dict(read_marks(log))
    try:
        return [counts[2 * step + 1] - counts[2 * step] for step in range(steps)]
    except KeyError:
        raise CompileError(f"the emulated program has not run all {steps} steps") from None


def mark_number(mark: int) -> int:
    """Return the number of the process whose priority is asked for to set a mark."""
    found = re.search(r"EDGE_MARK_FIRST (0x\w+)", _HEADER.read_text())
    assert found
    return int(found[1], 16) + mark


def _built() -> Path:
    """Return the plugin, built if need be."""
    compiler = toolchain.get("host").find_compiler()
    key = hashlib.sha256(_PLUGIN.read_bytes() + _HEADER.read_bytes() + compiler.encode())
    path = user_cache() / "emulation" / f"count-{key.hexdigest()[:16]}.so"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as scratch:
        partial = Path(scratch) / path.name
        command = [compiler, *FLAGS, str(_PLUGIN), "-o", str(partial)]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=COMPILER_TIMEOUT_S
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[0]
            raise CompileError(f"{compiler} failed on {_PLUGIN.name}: {said}") from None
        partial.rename(path)
    return path
