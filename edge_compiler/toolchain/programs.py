"""Compiling the small programs that the compiler runs beside it, once for each version of them."""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
from pathlib import Path
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache

COMPILER_TIMEOUT_S = 60
_FLAGS = ("-O2", "-Wall", "-Wextra")


def built(
    source: Path, compiler: str, flags: Sequence[str], includes: Sequence[Path] = ()
) -> Path:
    """
    Return what a source file is compiled into; compile it if need be.

    :param flags: to compile and link with, beside the usual ones.
    :param includes: folders of headers beside its own.
    :raises CompileError: if that fails.
    """
    key = hashlib.sha256("\0".join((compiler, *flags)).encode())
    headers = (header for folder in (source.parent, *includes) for header in folder.glob("*.h"))
    for file in (source, *sorted(headers)):
        key.update(file.read_bytes())
    result = user_cache() / "emulation" / f"{source.stem}-{key.hexdigest()[:16]}"
    if result.is_file():
        return result
    result.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=result.parent, prefix=".new-") as scratch:
        partial = Path(scratch) / result.name
        folders = (f"-I{folder}" for folder in includes)
        command = [compiler, *_FLAGS, *folders, str(source), "-o", str(partial), *flags]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=COMPILER_TIMEOUT_S
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[0]
            raise CompileError(f"{compiler} failed on {source.name}: {said}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompileError(f"{compiler} failed on {source.name}: {error}") from None
        partial.rename(result)
    return result
