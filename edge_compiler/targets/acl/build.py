"""
Compiling the C++ of this back end, and linking it with Arm Compute Library.

It is the same for every model: it is compiled once for each toolchain, with the probe that the
placement asks, and kept in the user's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import shutil

from edge_compiler.files.kept import kept
from edge_compiler.targets.program.build import compiler_version, Part, run, Source
from edge_compiler.targets.program.platform import Platform
from edge_compiler.toolchain.acl import Acl, ACL_VERSION
from edge_compiler.toolchain.base import Toolchain

RUNTIME = Path(__file__).parent / "runtime"
SOURCES = (
    *("acl.cpp", "compat.cpp", "floats.cpp"),
    *("functions.cpp", "operators.cpp", "scheduler.cpp"),
)
HEADERS = ("functions.h", "node.h", "scheduler.h")
EXPORTS = "exports.map"
"""The library's objects are not position-independent: no symbol of theirs may be exported."""

PROBE = "probe"
_PROBE_SOURCES = ("compat.cpp", "floats.cpp", "functions.cpp", "operators.cpp", "probe.cpp")
_LIBRARY = "libarm_compute-static.a"
_TARGETS = RUNTIME.parents[1]
_INCLUDES = (_TARGETS / "program", _TARGETS / "include")
_FLAGS = (
    "-std=c++17",
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
)
_STATIC = ("-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections")
_CMAKE = """\
enable_language(CXX)
set(ACL_ROOT "" CACHE PATH "folder with include/ and lib/ of Arm Compute Library {version}")
find_path(ACL_INCLUDE arm_compute/core/Version.h HINTS ${{ACL_ROOT}}/include REQUIRED)
find_library(ACL_LIBRARY NAMES {library} HINTS ${{ACL_ROOT}}/lib REQUIRED)
target_sources(model PRIVATE {files})
target_include_directories(model SYSTEM PRIVATE ${{ACL_INCLUDE}})
target_compile_options(model PRIVATE $<$<COMPILE_LANGUAGE:CXX>:{flags}>)
target_link_libraries(model PRIVATE ${{ACL_LIBRARY}} m pthread)
target_link_options(model PRIVATE {static}
  -Wl,--version-script=${{CMAKE_CURRENT_SOURCE_DIR}}/acl/{exports})
"""


def add_to(directory: Path, node_table: str, platform: Platform) -> Part:
    """
    Write what a model's library with this back end in it needs; see `Backend.add_to`.

    :param node_table: the text of acl_nodes.c.
    """
    tools = platform.tools
    folder = built(tools)
    objects = tuple(str(folder / _object(name)) for name in SOURCES)
    exports = f"-Wl,--version-script={RUNTIME / EXPORTS}"
    (directory / "acl").mkdir()
    for name in (*SOURCES, *HEADERS, EXPORTS):
        shutil.copy(RUNTIME / name, directory / "acl")
    (directory / "acl_nodes.c").write_text(node_table, "utf-8")
    cmake = _CMAKE.format(
        version=ACL_VERSION,
        library=_LIBRARY,
        files=" ".join(f"acl/{name}" for name in SOURCES),
        flags=";".join(_FLAGS),
        static=" ".join(_STATIC),
        exports=EXPORTS,
    )
    return Part(
        sources=(Source("acl_nodes.c", platform.least_flags),),
        link=(*objects, str(tools.find_library(Acl.name) / "lib" / _LIBRARY), *_STATIC, exports),
        language="c++",
        cmake=cmake,
        made_with=Acl.title,
    )


def built(tools: Toolchain) -> Path:
    """
    Return the folder of the compiled objects and of the probe; make it if the cache hasn't got it.

    :raises CompileError: if a compiler or the library is missing, or compiling fails.
    """
    compiler, acl = tools.find_compiler("c++"), tools.find_library(Acl.name)
    library = (acl / "lib" / _LIBRARY).stat()
    made_of: tuple[str | Path, ...] = (
        *(compiler_version(compiler), shutil.which(compiler) or compiler),
        *(*_FLAGS, *SOURCES, *_PROBE_SOURCES, f"{library.st_size} {library.st_mtime_ns}"),
        *_files((RUNTIME, *(folder / "runtime" for folder in _INCLUDES), *_INCLUDES)),
    )
    return kept(f"toolchains/acl-{tools.triple}", made_of, lambda new: _build(compiler, acl, new))


def _build(compiler: str, acl: Path, folder: Path) -> None:
    folder.mkdir()
    includes = [f"-I{path}" for path in _INCLUDES]
    command = [compiler, *_FLAGS, "-isystem", str(acl / "include"), *includes]

    def compile_one(name: str) -> None:
        run([*command, "-c", str(RUNTIME / name), "-o", _object(name)], folder, name)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, sorted({*SOURCES, *_PROBE_SOURCES})))
    objects = [_object(name) for name in _PROBE_SOURCES]
    link = [str(acl / "lib" / _LIBRARY), *_STATIC, "-s", "-lpthread"]
    run([compiler, *objects, "-o", PROBE, *link], folder, PROBE)


def _files(folders: Sequence[Path]) -> list[Path]:
    return sorted(p for folder in folders for p in folder.glob("*") if p.suffix in (".cpp", ".h"))


def _object(source: str) -> str:
    return Path(source).with_suffix(".o").name
