"""Asking Arm Compute Library which nodes it can run: its ``validate()``, in a small program."""

from __future__ import annotations

from collections.abc import Sequence
import re
import subprocess

from edge_compiler.errors import CompileError
from edge_compiler.targets.acl import build
from edge_compiler.targets.acl.record import Record
from edge_compiler.toolchain.acl import Acl, ACL_VERSION
from edge_compiler.toolchain.base import Toolchain

TIMEOUT_S = 120.0
_PLACE = re.compile(r"^in \S+ \S+:\d+: ")
"""In the library's source, before a reason."""


def ask(tools: Toolchain, records: Sequence[Record]) -> list[str]:
    """
    Return for each record why the library can't run it; "" if it can.

    :raises CompileError: if the program can't be built or run.
    """
    program = build.built(tools) / build.PROBE
    questions = b"".join(record.to_bytes() for record in records)
    command = [*tools.emulator(), str(program)]
    try:
        done = subprocess.run(command, input=questions, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompileError(f"asking the Arm Compute Library failed: {error}") from error
    version, *lines = done.stdout.decode(errors="replace").splitlines() or [""]
    if done.returncode or len(lines) != len(records):
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise CompileError(
            f"asking the Arm Compute Library failed with code {done.returncode}: {said[-1]}"
        )
    if f"arm_compute_version=v{ACL_VERSION} " not in version:
        folder = tools.find_library(Acl.name)
        raise CompileError(
            f"the library in {folder} calls itself {version.partition(' ')[0]!r} where "
            f"{ACL_VERSION} is expected; install it again: edgec toolchain install {tools.name}"
        )
    return ["" if line == "ok" else _PLACE.sub("", line) for line in lines]
