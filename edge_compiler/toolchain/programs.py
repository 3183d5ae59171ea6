"""Compiling the small programs that the compiler runs beside it, once for each version of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import subprocess

from edge_compiler.errors import CompileError
from edge_compiler.files.kept import kept

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
    headers = (header for folder in (source.parent, *includes) for header in folder.glob("*.h"))
    command = [compiler, *_FLAGS, *(f"-I{folder}" for folder in includes), str(source), *flags]

    def make(new: Path) -> None:
        try:
            subprocess.run(
                [*command, "-o", str(new)],
                check=True,
                capture_output=True,
                text=True,
                timeout=COMPILER_TIMEOUT_S,
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[0]
            raise CompileError(f"{compiler} failed on {source.name}: {said}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompileError(f"{compiler} failed on {source.name}: {error}") from None

    made_of: tuple[str | Path, ...] = (compiler, *_FLAGS, *flags, source, *sorted(headers))
    return kept(f"emulation/{source.stem}", made_of, make)
