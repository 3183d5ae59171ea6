"""
The toolchains by name: compiler, emulator and libraries for a kind of machine.

A target takes what it needs from here and does not ask which machine it runs on::

    tools = toolchain.get("aarch64")
    subprocess.run([tools.find_compiler(), "hello.c", "-o", "hello"], check=True)
    subprocess.run([*tools.emulator(), "./hello"], check=True)
"""

from __future__ import annotations

from edge_compiler.errors import CompileError, hint
from edge_compiler.toolchain.acl import ACL_ARM64, ACL_ARMHF
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.machines import AARCH64, ARMV7, X86_64
from edge_perception.runtime.architecture import TARGETS

TOOLCHAINS = (
    *(Toolchain(TARGETS[machine.architecture], machine) for machine in (X86_64, AARCH64, ARMV7)),
    Toolchain("aarch64-acl", AARCH64, (ACL_ARM64,)),
    Toolchain("armv7-acl", ARMV7, (ACL_ARMHF,)),
)
"""A toolchain has the name of the target that uses it."""


def get(name: str) -> Toolchain:
    """
    Return a toolchain.

    :raises CompileError: if there is none of that name.
    """
    found = {tools.name: tools for tools in TOOLCHAINS}
    if name not in found:
        raise CompileError(f"unknown toolchain {name!r}; {hint(name, found)}")
    return found[name]


def here() -> Toolchain:
    """
    Return the plain toolchain for this machine.

    :raises CompileError: if there is none.
    """
    found = next((t for t in TOOLCHAINS if t.machine.native and not t.libraries), None)
    if found is None:
        raise CompileError("edgec has no toolchain for this machine; edgec doctor lists them")
    return found


def for_machine(triple: str) -> Toolchain:
    """
    Return the plain toolchain for a kind of machine.

    :raises CompileError: if there is none.
    """
    found = next((t for t in TOOLCHAINS if t.triple == triple and not t.libraries), None)
    if found is None:
        raise CompileError(f"there is no toolchain for {triple}; edgec doctor lists the targets")
    return found
