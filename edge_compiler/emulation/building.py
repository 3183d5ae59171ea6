"""Compiling the small programs of this folder, once for each version of them."""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
from pathlib import Path
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache

HERE = Path(__file__).parent
INCLUDE = HERE.parent / "targets" / "include"
COMPILER_TIMEOUT_S = 60
_FLAGS = ("-O2", "-Wall", "-Wextra", f"-I{INCLUDE}")


def built(source: str, compiler: str, flags: Sequence[str]) -> Path:
    """
    Return what a source file of this folder is compiled into; compile it if need be.

    :param flags: to compile and link with, beside the usual ones.
    :raises CompileError: if that fails.
    """
    path = HERE / source
    key = hashlib.sha256("\0".join((compiler, *flags)).encode())
    for file in (path, *sorted(HERE.glob("*.h")), *sorted(INCLUDE.glob("*.h"))):
        key.update(file.read_bytes())
    result = user_cache() / "emulation" / f"{path.stem}-{key.hexdigest()[:16]}"
    if result.is_file():
        return result
    result.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=result.parent, prefix=".new-") as scratch:
        partial = Path(scratch) / result.name
        command = [compiler, *_FLAGS, str(path), "-o", str(partial), *flags]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=COMPILER_TIMEOUT_S
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[0]
            raise CompileError(f"{compiler} failed on {source}: {said}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompileError(f"{compiler} failed on {source}: {error}") from None
        partial.rename(result)
    return result
