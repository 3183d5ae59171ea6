"""How the C++ of this back end is compiled, and linked with Arm Compute Library."""

from __future__ import annotations

from pathlib import Path

from edge_compiler.targets.c.build import Cxx
from edge_compiler.toolchain.base import Toolchain

RUNTIME = Path(__file__).parent / "runtime"
LIBRARY = "libarm_compute-static.a"
SOURCES = ("acl.cpp", "functions.cpp", "operators.cpp", "scheduler.cpp", "compat.cpp")
HEADERS = ("functions.h", "node.h", "scheduler.h")
EXPORTS = "exports.map"
"""The library's objects are not position-independent: no symbol of theirs may be exported."""

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
_STATIC = ("-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-lpthread")


def compile_flags(tools: Toolchain) -> tuple[str, ...]:
    """Return the flags for files that include the library's headers."""
    return (*_FLAGS, "-isystem", str(tools.acl() / "include"))


def link_flags(tools: Toolchain) -> tuple[str, ...]:
    """Return the library, and what makes it a part of what is linked."""
    return (str(tools.acl() / "lib" / LIBRARY), *_STATIC)


def cxx(tools: Toolchain) -> Cxx:
    """Return what a model's library with this back end in it needs."""
    exports = f"-Wl,--version-script=acl/{EXPORTS}"
    return Cxx(tools.find_compiler("c++"), compile_flags(tools), (*link_flags(tools), exports))
