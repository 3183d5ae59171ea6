"""What our own kernels are in a library: the headers that its steps include."""

from __future__ import annotations

from pathlib import Path
import shutil

from edge_compiler.targets.c.headers import HEADERS
from edge_compiler.targets.program.build import Part
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import Program

_FOLDER = "kernels"


def add_kernels(directory: Path, _program: Program, _platform: Platform) -> Part:
    """Copy the kernels into the folder of the sources; see `Backend.add_to`."""
    (directory / _FOLDER).mkdir()
    for header in HEADERS:
        shutil.copy(header, directory / _FOLDER)
    return Part(headers=tuple(f"{_FOLDER}/{header.name}" for header in HEADERS))
