"""
Asking Arm Compute Library which nodes it can run: its ``validate()``, in a small program.

The program is built once for each toolchain and kept in the user's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
from pathlib import Path
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache
from edge_compiler.targets.acl.build import compile_flags, LIBRARY, link_flags, RUNTIME
from edge_compiler.targets.acl.record import Record
from edge_compiler.targets.c.build import run
from edge_compiler.toolchain.acl import ACL_VERSION
from edge_compiler.toolchain.base import Toolchain

SOURCES = ("probe.cpp", "functions.cpp", "operators.cpp", "compat.cpp")
TIMEOUT_S = 120.0


def ask(tools: Toolchain, records: Sequence[Record]) -> list[str]:
    """
    Return for each record why the library can't run it; "" if it can.

    :raises CompileError: if the program can't be built or run.
    """
    program = _program(tools)
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
        raise CompileError(
            f"the library in {tools.acl()} calls itself {version.partition(' ')[0]!r} where "
            f"{ACL_VERSION} is expected; install it again: edgec toolchain install {tools.name}"
        )
    return ["" if line == "ok" else line for line in lines]


def _program(tools: Toolchain) -> Path:
    """Return the program, built if the cache hasn't got it."""
    compiler, acl = tools.find_compiler("c++"), tools.acl()
    library = (acl / "lib" / LIBRARY).stat()
    content = [(RUNTIME / name).read_bytes() for name in (*SOURCES, "functions.h", "node.h")]
    facts = f"{compiler} {tools.triple} {library.st_size} {library.st_mtime_ns}".encode()
    digest = hashlib.sha256(b"\0".join([facts, *content])).hexdigest()[:16]
    program = user_cache() / "toolchains" / f"acl-probe-{tools.triple}-{digest}"
    if program.is_file():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        complete = Path(scratch, "probe")
        sources = [str(RUNTIME / name) for name in SOURCES]
        command = [compiler, *compile_flags(tools), *sources, "-o", str(complete)]
        run([*command, *link_flags(tools), "-s"], Path(scratch), f"probe.cpp with {acl}")
        complete.replace(program)
    return program
