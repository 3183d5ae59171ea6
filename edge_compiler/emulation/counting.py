"""
Counts the instructions that an emulated program executes, with a plugin of QEMU.

The time that QEMU takes says nothing about a real processor; how many instructions a program
executes is the same on both. It is not a time either: instructions differ in what they cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import shutil
import subprocess

from edge_compiler import sandbox, toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain.programs import built

_INSTRUCTIONS, _BLOCKS = (Path(__file__).with_name(name) for name in ("count.c", "blocks.c"))
MARKS = Path(sandbox.__file__).with_name("marks.h")
FLAGS = ("-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden")


def counting(emulator: Sequence[str], log: Path) -> list[str]:
    """
    Return the words to put before a command so that its marks are written into a log.

    :param emulator: the words that only emulate, as a toolchain gives them.
    :raises CompileError: if there is no emulator, or the plugin can't be built.
    """
    return _with_plugin(emulator, _INSTRUCTIONS, log)


def counting_blocks(emulator: Sequence[str], log: Path) -> list[str]:
    """
    Return the words to put before a command so that a log has how often code is executed.

    :param emulator: as above.
    :raises CompileError: as above.
    """
    return _with_plugin(emulator, _BLOCKS, log)


def _with_plugin(emulator: Sequence[str], source: Path, log: Path) -> list[str]:
    if not emulator:
        raise CompileError(
            "instructions are counted in an emulator, and this machine runs the program itself; "
            "count on an x86-64 machine, or measure times here"
        )
    usage = subprocess.run([emulator[0], "-h"], capture_output=True, text=True).stdout
    if "-plugin" not in usage:
        raise CompileError(
            f"{shutil.which(emulator[0])} can't load the plugin that counts instructions, as when "
            "it is linked statically; put another one first on the PATH, such as that of Debian "
            "12's qemu-user"
        )
    built_plugin = built(source, toolchain.get("host").find_compiler(), FLAGS, [MARKS.parent])
    plugin, log_argument = (str(path).replace(",", ",,") for path in (built_plugin, log))
    return [*emulator, "-plugin", f"{plugin},log={log_argument}"]


def read_marks(log: Path) -> list[tuple[int, int]]:
    """Return the marks, and how many instructions the thread had executed before each."""
    lines = (line.split() for line in log.read_text().splitlines())
    return [(int(mark), int(count)) for mark, count in lines]


@dataclass(frozen=True)
class Block:
    """Instructions that were executed from the first to the last, and how often."""

    executions: int
    code: bytes


def read_blocks(log: Path, first: int, last: int) -> list[Block]:
    """Return what was executed between two marks, the last time that they followed each other."""
    found: list[Block] = []
    before, mark = -1, -1
    for line in log.read_text().splitlines():
        word, *rest = line.split()
        if word == "mark":
            before, mark = mark, int(rest[0])
            if (before, mark) == (first, last):
                found = []
        elif (before, mark) == (first, last):
            found.append(Block(int(word), bytes.fromhex(rest[1])))
    return found


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
    found = re.search(r"EDGE_MARK_FIRST (0x\w+)", MARKS.read_text())
    assert found
    return int(found[1], 16) + mark
