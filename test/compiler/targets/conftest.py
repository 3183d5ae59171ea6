"""What tests of single kernels share."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import subprocess

import pytest

from edge_compiler.targets.program import RUNTIME
from edge_compiler.toolchain import get


@pytest.fixture(scope="session")
def compile_kernels(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ctypes.CDLL]:
    """Return a function that compiles a C program, which may include kernels, into a library."""

    def compile_program(program: str) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("kernels")
        (folder / "kernels.c").write_text(program)
        targets = RUNTIME.parents[1]
        includes = [f"-I{targets / name}" for name in ("c", "program", "include")]
        command = [get("host").find_compiler(), "-shared", "-fPIC", "-O1", *includes]
        subprocess.run([*command, "kernels.c", "-o", "kernels.so"], cwd=folder, check=True)
        return ctypes.CDLL(str(folder / "kernels.so"))

    return compile_program
