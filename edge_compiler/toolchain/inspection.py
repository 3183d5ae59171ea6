"""Looking at what there is of a toolchain, and trying it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.toolchain.base import Toolchain

PROGRAMS = {
    "c": '#include <stdio.h>\nint main(void) { return puts("works") < 0; }\n',
    "c++": '#include <iostream>\nint main() { std::cout << "works\\n"; return 0; }\n',
}
"""What is compiled and run as a trial, by language."""
TRIAL = "trial"
"""The part that installing can't bring: that the others work."""
TIMEOUT_S = 60


@dataclass(frozen=True)
class Part:
    """
    Something that a toolchain needs.

    :ivar found: what there is of it; empty if it can't be used.
    :ivar missing: why it can't be used, and what to do; empty if it can.
    """

    name: str
    found: str = ""
    missing: str = ""


def inspect(tools: Toolchain) -> list[Part]:
    """Return the parts of a toolchain; if there are all of them, the last is that they work."""

    def compiler(language: str) -> Part:
        name = f"{language.upper()} compiler"
        return _part(name, lambda: _version(tools.find_compiler(language)))

    def library(name: str, title: str) -> Part:
        return _part(title, lambda: str(tools.find_library(name)))

    parts = [compiler(language) for language in tools.languages]
    if tools.machine.emulator and not tools.machine.native:
        parts.append(_part("emulator", lambda: _version(tools.emulator()[0])))
    parts += [library(found.name, found.title) for found in tools.libraries]
    if not any(part.missing for part in parts):
        parts.append(_part(TRIAL, lambda: _try(tools)))
    return parts


def _part(name: str, find: Callable[[], str]) -> Part:
    try:
        return Part(name, found=find())
    except CompileError as error:
        return Part(name, missing=str(error))


def _version(command: str) -> str:
    return _output([command, "--version"]).partition("\n")[0]


def _try(tools: Toolchain) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for language in tools.languages:
            program = Path(folder, "program")
            source = program.with_suffix(".c" if language == "c" else ".cpp")
            source.write_text(PROGRAMS[language])
            _output([tools.find_compiler(language), str(source), "-o", str(program)])
            _output([*tools.emulator(), str(program)])
    return "a program was compiled and run"


def _output(command: list[str]) -> str:
    """
    Return what a command prints.

    :raises CompileError: if it fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompileError(f"{command[0]} can't be run: {error}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        said = next((line for line in lines if "error" in line), lines[0])
        raise CompileError(f"{command[0]} failed: {said}")
    return done.stdout
