"""
Running a compiled library in a process of its own.

Generated code that is wrong may crash or hang; the compiler must survive that and say so.
"""

from __future__ import annotations

from pathlib import Path

from edge_compiler.sandbox.base import Sandbox
from edge_compiler.sandbox.emulated import EmulatedSandbox
from edge_compiler.sandbox.native import NativeSandbox
from edge_compiler.toolchain.base import Toolchain

__all__ = ["EmulatedSandbox", "NativeSandbox", "Sandbox", "open_sandbox"]


def open_sandbox(library: Path, tools: Toolchain) -> Sandbox:
    """
    Load a library that a toolchain has built, in an emulator unless this machine can run it.

    :raises CompileError: if there is no emulator, or its runner can't be compiled.
    """
    if tools.machine.native or tools.machine.emulator is None:
        return NativeSandbox(library)
    return EmulatedSandbox(library, tools, tools.emulator(tools.machine.emulator.fullest))
