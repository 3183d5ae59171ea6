"""The sources of the library that runs an engine: a program of one step for each output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path
import shutil

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.build import Part, Source
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.library import LibrarySpec, write_sources
from edge_compiler.targets.program.lowering import lower, Lowering
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import BackendRecord, Program
from edge_compiler.targets.program.variants import Variant

NAME = "tensorrt"
VARIANT = Variant(NAME, (), lanes=4, registers=16, supported="edge_cpu_always")
"""What the library says it runs: nothing of the network is computed by the processor."""
RUNTIME = Path(__file__).parent / "runtime"
_SHARED = ("libraries.cpp",)
_SOURCES = (*_SHARED, "memory.cpp", "engine.cpp", "engine.S")
_CMAKE = """\
enable_language(CXX)
find_path(TENSORRT_INCLUDE NvInfer.h)
find_path(PARSER_INCLUDE NvOnnxParser.h HINTS ${{TENSORRT_INCLUDE}})
find_path(CUDA_INCLUDE cuda_runtime_api.h HINTS ${{TENSORRT_INCLUDE}} /usr/local/cuda/include)
foreach(folder TENSORRT_INCLUDE PARSER_INCLUDE CUDA_INCLUDE)
  if(NOT ${{folder}})
    message(FATAL_ERROR "${{folder}} is missing")
  endif()
endforeach()
set(INCLUDES SYSTEM PRIVATE ${{TENSORRT_INCLUDE}} ${{PARSER_INCLUDE}} ${{CUDA_INCLUDE}})
set(CMAKE_CXX_STANDARD 17)
add_executable(build_engine EXCLUDE_FROM_ALL tensorrt/build_engine.cpp {shared})
target_include_directories(build_engine ${{INCLUDES}})
target_link_libraries(build_engine PRIVATE ${{CMAKE_DL_LIBS}} pthread)
target_sources(model PRIVATE {sources})
target_include_directories(model ${{INCLUDES}})
target_compile_options(model PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O2;-fvisibility=hidden>)
target_link_libraries(model PRIVATE ${{CMAKE_DL_LIBS}})
"""


@dataclass(frozen=True)
class _Tensor:
    """A row of the tables in network.h."""

    value: Value
    buffer: Buffer

    def to_c(self) -> str:
        """Return its initializer, once all buffers have their place."""
        value = self.value
        shape = ", ".join(map(str, value.shape)) or "0"
        return (
            f"{{{json.dumps(value.name)}, {self.buffer.origin}, {value.bytes}, "
            f"{value.type.number}, {len(value.shape)}, {{{shape}}}}}"
        )


def write_loader(
    graph: Graph, description: Description, platform: Platform, directory: Path
) -> None:
    """
    Write all that the library is made of, but for the engine, into a new folder.

    :param graph: prepared (`network.prepare`).
    :param platform: of the machine that has the device.
    """
    directory.mkdir()
    whole = Graph(graph.name, graph.inputs, graph.outputs, _nodes(graph))
    program = lower(whole, VARIANT, lambda _: _rule)
    mine = Platform(platform.tools, (VARIANT,), platform.least_flags)
    spec = LibrarySpec(mine, (_add_to,))
    write_sources(whole, program, spec, description, directory)


def _nodes(graph: Graph) -> Iterator[Node]:
    """Yield what stands for the network: the first node computes it, each has one output."""
    for number, output in enumerate(graph.outputs):
        inputs = () if number else graph.inputs
        origins = () if number else tuple(name for node in graph.nodes for name in node.origins)
        yield Node("TensorRT", output.name, inputs, [output], origins=origins)


def _rule(low: Lowering, node: Node) -> None:
    """Let the network's tensors lie as TensorRT has them."""
    reads = [low.source(value, DENSE) for value in node.inputs if value is not None]
    target = low.target(node.output, DENSE)
    code = BackendRecord(NAME, lambda _: _Tensor(node.output, target))
    kernel = "the network" if reads else "its output"
    low.add(node, kernel, reads, target, code, value=node.output)


def _add_to(directory: Path, program: Program, platform: Platform) -> Part:
    """Write what runs the steps, and the table of the tensors."""
    shutil.copytree(RUNTIME, directory / NAME)
    inputs = (_Tensor(value, buffer).to_c() for value, buffer in program.inputs)
    outputs = (record.to_c() for record in program.records_of(NAME) if isinstance(record, _Tensor))
    text = f'#include "{NAME}/network.h"\n\n{_table("input", inputs)}{_table("output", outputs)}'
    (directory / f"{NAME}_network.c").write_text(text, "utf-8")
    names = {key: " ".join(f"{NAME}/{n}" for n in files) for key, files in _FILES.items()}
    return Part(
        sources=(Source(f"{NAME}_network.c", platform.least_flags),),
        language="c++",
        cmake=_CMAKE.format_map(names),
    )


_FILES = {"shared": _SHARED, "sources": _SOURCES}


def _table(what: str, rows: Iterable[str]) -> str:
    lines = [f"    {row},\n" for row in rows]
    return (
        f"const edge_tensorrt_tensor edge_tensorrt_{what}s[] = {{\n{''.join(lines)}}};\n"
        f"const uint32_t edge_tensorrt_{what}_count = {len(lines)};\n"
    )
