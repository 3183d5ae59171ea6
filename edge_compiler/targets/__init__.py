"""The targets by name; a toolchain has the name of the target that uses it."""

from __future__ import annotations

from edge_compiler import toolchain
from edge_compiler.errors import CompileError, hint
from edge_compiler.targets.acl.backend import AclBackend
from edge_compiler.targets.base import Target
from edge_compiler.targets.c.backend import CBackend
from edge_compiler.targets.c99.backend import PLAIN, PlainBackend
from edge_compiler.targets.machines import platform_of
from edge_compiler.targets.program.backend import Backend
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.tensorrt.backend import TensorRT


def _target(name: str, *others: Backend) -> Target:
    return Target(name, platform_of(toolchain.get(name)), CBackend(), others)


def _with_tensorrt(name: str, machine: str) -> Target:
    return Target(name, platform_of(toolchain.get(machine)), CBackend(), accelerator=TensorRT())


TARGETS = {
    target.name: target
    for target in (
        _target("host"),
        _target("aarch64"),
        _target("aarch64-acl", AclBackend()),
        _target("armv7"),
        _target("armv7-acl", AclBackend()),
        Target("c99", Platform(toolchain.get("host"), (PLAIN,)), PlainBackend()),
        _with_tensorrt("tensorrt", "host"),
        _with_tensorrt("aarch64-tensorrt", "aarch64"),
    )
}


def names() -> list[str]:
    """Return the names of all targets."""
    return sorted(TARGETS)


def get(name: str) -> Target:
    """
    Return a target.

    :raises CompileError: if there is none of that name.
    """
    if name not in TARGETS:
        raise CompileError(f"unknown target {name!r}; {hint(name, names())}")
    return TARGETS[name]
