"""What the tests of the Arm targets share: toolchains that are there, and runs of edgec."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain.base import Toolchain

ROOT = Path(__file__).resolve().parents[2]


def tools_or_skip(target: str) -> Toolchain:
    """Return the toolchain of a target; skip the test if something of it is missing here."""
    tools = toolchain.get(target)
    try:
        tools.find_compiler()
        tools.emulator()
    except CompileError as error:
        pytest.skip(str(error))
    return tools


def edgec(*arguments: object) -> str:
    """Run edgec and return what it prints."""
    done = run_edgec(arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(*arguments: object, path: str | None = None) -> str:
    """Run edgec, which must refuse, and return its one sentence."""
    done = run_edgec(arguments, path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def run_edgec(
    arguments: tuple[object, ...], path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run edgec; where `path` is given, that is where it finds programs."""
    command = [sys.executable, "-m", "edge_compiler", *map(str, arguments)]
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
