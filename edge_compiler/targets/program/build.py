"""From C files to a shared library."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import as_completed, ThreadPoolExecutor
from dataclasses import dataclass, replace
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

from edge_compiler.errors import CompileError
from edge_compiler.files.kept import kept
from edge_compiler.machine import NoCacheError
from edge_compiler.progress import Progress
from edge_compiler.targets.program import INCLUDE, RUNTIME
from edge_compiler.targets.program.platform import Platform

COMMON_FLAGS = (
    "-std=gnu11",
    "-O3",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffunction-sections",
    "-Wall",
    "-Wextra",
    "-Wno-unknown-pragmas",
    # gcc collects its garbage from 8 MB on, not from as much as this machine can bear
    "--param=ggc-min-heapsize=8192",
    "-Wno-unused-command-line-argument",  # clang has no such thing
    "-DNDEBUG",  # contracts are asserted where the tests compile the sources themselves
)
LINK_FLAGS = (
    "-shared",
    "-s",
    "-Wl,--gc-sections",
    "-Wl,-z,defs",
    "-Wl,-z,noexecstack",
    "-lm",
    "-lpthread",
)


@dataclass(frozen=True)
class Source:
    """A file to compile, relative to the source folder, with flags beside the common ones."""

    path: str
    flags: tuple[str, ...] = ()

    @property
    def holds_data(self) -> bool:
        """Whether it has no code, but takes in files that may be as large as all weights."""
        return self.path.endswith(".S")


@dataclass(frozen=True)
class Part:
    """
    What a back end adds to a library.

    :ivar headers: that the files of the steps include.
    :ivar sources: to compile, beside those of the program.
    :ivar link: objects, libraries and flags.
    :ivar language: whose compiler must link: "c" or "c++".
    :ivar cmake: what CMakeLists.txt needs to build it from source.
    :ivar made_with: name and version of what it brings along; for the manifest.
    """

    headers: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    link: tuple[str, ...] = ()
    language: str = "c"
    cmake: str = ""
    made_with: str = ""


def compiler_version(compiler: str) -> str:
    """
    Return the first line of what the compiler says of itself.

    :raises CompileError: if it says nothing.
    """
    version = run([compiler, "--version"], Path.cwd(), "--version").strip()
    if not version:
        raise CompileError(
            f"{compiler} --version printed nothing: expected the version of a C compiler"
        )
    return version.splitlines()[0]


def runtime_sources(platform: Platform) -> list[Source]:
    """Return what every library has, as it lies in the source folder."""
    return [
        Source(f"{path.parent.name}/{path.name}", platform.least_flags)
        for path in RUNTIME.glob("*.c")
    ]


def build_library(
    platform: Platform,
    directory: Path,
    sources: Sequence[Source],
    parts: Sequence[Part],
    library: Path,
    progress: Progress,
) -> None:
    """
    Compile ``sources`` and link them with what every library has.

    :param sources: of this library alone.
    :param parts: whose objects they are linked with.
    :raises CompileError: if a compiler is missing, or with its first complaint.
    """
    tools = platform.tools
    compiler = tools.find_compiler()
    with tempfile.TemporaryDirectory(prefix=".objects-", dir=directory) as scratch:
        folder = Path(scratch)
        code = [source for source in sources if not source.holds_data]
        objects = [
            *_runtime_objects(platform, compiler, folder, progress),
            *_compile_all(compiler, directory, code, folder, progress),
            # not beside a compiler: the assembler has all of the weights in memory
            *(source.path for source in sources if source.holds_data),
        ]
        cxx = any(part.language == "c++" for part in parts)
        linker = tools.find_compiler("c++") if cxx else compiler
        flags = [*(flag for part in parts for flag in part.link), *LINK_FLAGS]
        command = [linker, *objects, "-o", str(library.resolve()), *flags]
        run(command, directory, library.name)


def _runtime_objects(
    platform: Platform, compiler: str, folder: Path, progress: Progress
) -> list[str]:
    """
    Return the objects of what every library has; they are compiled once for each toolchain.

    :param folder: to compile them in if this user has no cache.
    """
    sources = [replace(s, flags=(*s.flags, f"-I{INCLUDE}")) for s in runtime_sources(platform)]

    def make(output: Path) -> None:
        output.mkdir(exist_ok=True)
        _compile_all(compiler, RUNTIME.parent, sources, output, progress)

    made_of: tuple[str | Path, ...] = (
        *(compiler_version(compiler), shutil.which(compiler) or compiler),
        *(*COMMON_FLAGS, *platform.least_flags),
        *sorted((*RUNTIME.iterdir(), *INCLUDE.iterdir())),
    )
    try:
        folder = kept(f"toolchains/runtime-{platform.triple}", made_of, make)
    except (NoCacheError, OSError):
        make(folder)
    return sorted(str(path) for path in folder.glob("runtime_*.o"))


def _compile_all(
    compiler: str, directory: Path, sources: Sequence[Source], output: Path, progress: Progress
) -> list[str]:
    """
    Compile files side by side; return the paths of their objects, in the order of their names.

    :param directory: that the sources' paths begin in.
    :param output: where the objects go.
    """

    def compile_one(source: Source) -> str:
        target = str(output.resolve() / (source.path.replace("/", "_") + ".o"))
        flags = [*COMMON_FLAGS, *source.flags, "-I."]
        run([compiler, *flags, "-c", source.path, "-o", target], directory, source.path)
        return target

    objects = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_one, source) for source in sources]
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                objects.append(job.result())
                progress("compiling", done, len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return sorted(objects)


def run(command: Sequence[str], directory: Path, what: str) -> str:
    """
    Run a compiler in a folder and return what it prints.

    :param what: it compiles, for messages.
    :raises CompileError: with the compiler's first complaint.
    """
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        serious = [line for line in lines if "error" in line.lower() or "No space" in line]
        said = (serious or lines or [f"exit code {done.returncode}"])[0]
        raise CompileError(f"{command[0]} failed on {what}: {said}")
    return done.stdout


CMAKE = """\
# Builds the library natively: cmake -S . -B build && cmake --build build
cmake_minimum_required(VERSION 3.16)
project(model LANGUAGES C ASM)
add_library(model SHARED {files})
set_target_properties(model PROPERTIES PREFIX "" C_STANDARD 11)
target_include_directories(model PRIVATE ${{CMAKE_CURRENT_SOURCE_DIR}})
target_compile_options(model PRIVATE $<$<COMPILE_LANGUAGE:C>:{flags}>)
target_link_libraries(model PRIVATE m pthread)
target_link_options(model PRIVATE -s -Wl,--gc-sections)
{properties}"""


def cmake_file(sources: Sequence[Source], parts: Sequence[Part]) -> str:
    """Return a CMakeLists.txt that builds the same library from the kept sources."""
    properties = "".join(
        f'set_source_files_properties({s.path} PROPERTIES COMPILE_OPTIONS "{";".join(s.flags)}")\n'
        for s in sources
        if s.flags
    )
    files = " ".join(source.path for source in sources)
    text = CMAKE.format(files=files, flags=";".join(COMMON_FLAGS), properties=properties)
    return text + "".join(part.cmake for part in parts)
