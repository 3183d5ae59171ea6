"""A library with the interface of edge_model.h: a program, and what back ends add to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
import shutil

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.progress import Progress
from edge_compiler.targets.program import INCLUDE, RUNTIME
from edge_compiler.targets.program.build import (
    build_library,
    cmake_file,
    Part,
    runtime_sources,
    Source,
)
from edge_compiler.targets.program.describe import describe
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.steps import step_files
from edge_compiler.targets.program.tables import program_file
from edge_perception.runtime.bundle import model_to_json
from edge_perception.runtime.manifest import Model

LIBRARY, SOURCE = "model.so", "source"
_EMBED = """\
/* Constants and the description, as they are in the files beside this one. */
    .section .rodata
    .balign 4096
    .global edge_weights
    .hidden edge_weights
edge_weights:
    .incbin "weights.bin"
    .balign 64
    .global edge_originals
    .hidden edge_originals
edge_originals:
    .incbin "originals.bin"
    .balign 64
    .global edge_description
    .hidden edge_description
edge_description:
    .incbin "description.json"
    .byte 0
    .section .note.GNU-stack, "", %progbits
"""


AddPart = Callable[[Path, Program, Platform], Part]
"""Writes what a back end needs in a library; see `Backend.add_to`."""


@dataclass(frozen=True)
class LibrarySpec:
    """
    What a library is made of beside its program.

    :ivar parts: write what each back end needs.
    """

    platform: Platform
    parts: tuple[AddPart, ...]


@dataclass(frozen=True)
class Written:
    """
    The files of a library.

    :ivar model: what the manifest says of it; it stands among the files, too.
    :ivar sources: to be compiled for it alone.
    :ivar parts: of its back ends.
    """

    model: Model
    sources: Sequence[Source]
    parts: Sequence[Part]


def write(
    graph: Graph,
    program: Program,
    spec: LibrarySpec,
    description: Description,
    directory: Path,
    progress: Progress,
) -> Model:
    """
    Write the C files of a lowered graph into ``source/``, compile and link ``model.so``.

    :returns: the manifest's description, the same as compiled into the library.
    :raises CompileError: if a compiler or a library is missing, or fails.
    """
    source = directory / SOURCE
    source.mkdir()
    written = write_sources(graph, program, spec, description, source)
    library = directory / LIBRARY
    build_library(spec.platform, source, written.sources, written.parts, library, progress)
    return written.model


def write_sources(
    graph: Graph,
    program: Program,
    spec: LibrarySpec,
    description: Description,
    directory: Path,
) -> Written:
    """
    Write all files that a library is compiled from, and a CMakeLists.txt, into a folder.

    :raises CompileError: if a compiler or a library is missing.
    """
    platform = spec.platform
    parts = [add(directory, program, platform) for add in spec.parts]
    model = describe(graph, program, platform, parts, description)
    sources = _write_program(program, model, description, platform, parts, directory)
    everything = [*runtime_sources(platform), *sources]
    (directory / "CMakeLists.txt").write_text(cmake_file(everything, parts), "utf-8")
    return Written(model, sources, parts)


def _write_program(
    program: Program,
    model: Model,
    description: Description,
    platform: Platform,
    parts: Sequence[Part],
    directory: Path,
) -> list[Source]:
    """Write what the library is made of; return what is to be compiled for it alone."""
    shutil.copytree(RUNTIME, directory / "runtime")
    shutil.copy(INCLUDE / "edge_model.h", directory)
    sources = []
    headers = [header for part in parts for header in part.headers]
    for variant in platform.variants:
        for name, text in step_files(program, variant, headers):
            (directory / name).write_text(text, "utf-8")
            sources.append(Source(name, variant.flags))
    wanted = description.preprocess.input if description.preprocess else None
    image = next((tensor for tensor in model.inputs if tensor.name == wanted), None)
    tables = program_file(program, platform.variants, description, image)
    (directory / "program.c").write_text(tables, "utf-8")
    for name, weights in (("weights", program.weights), ("originals", program.originals)):
        with (directory / f"{name}.bin").open("wb") as file:
            weights.write(file)
    (directory / "description.json").write_text(model_to_json(model), "utf-8")
    (directory / "embed.S").write_text(_EMBED, "utf-8")
    sources += [Source("program.c", platform.least_flags), Source("embed.S")]
    return [*sources, *(source for part in parts for source in part.sources)]
