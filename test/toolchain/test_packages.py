"""Compilers and emulators come from the machine's apt, if the user may use it."""

from collections.abc import Callable
import os
from pathlib import Path

import pytest

from edge_compiler import toolchain
from edge_compiler.errors import CompileError
from edge_compiler.toolchain.installation import install

INSTALL = "apt-get install -y --no-install-recommends"
PACKAGES = "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
FAKE_APT = """#!/bin/sh
echo "$@" >>"$0.log"
for word; do case $word in APT::Status-Fd=*) fd=${word#*=};; esac; done
echo pmstatus:gcc:42.5:Unpacking >/dev/fd/$fd
case $1 in install) exec {program};; esac
"""


@pytest.fixture(autouse=True)
def other_machine(machine: Callable[[str], None], cache: Path) -> None:
    machine("riscv64")


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


def test_who_is_not_root_is_told_what_to_run(
    only_programs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (only_programs("sh") / "apt-get").symlink_to("sh")
    with pytest.raises(CompileError) as error:
        install(toolchain.get("aarch64"), quiet)
    assert str(error.value).endswith(f"run: sudo {INSTALL} {PACKAGES}")


def test_machine_without_apt_is_told_what_to_install(only_programs: Callable[..., Path]) -> None:
    only_programs()
    with pytest.raises(CompileError, match=r"no apt.*gcc-aarch64-linux-gnu, .*, qemu-user$"):
        install(toolchain.get("aarch64"), quiet)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("sh -c 'echo E: Unable to locate package qemu-user; exit 100'", "Unable to locate"),
        ("sh -c 'exit 3'", "exit code 3"),
        ("true", "aarch64-linux-gnu-gcc was not found"),
    ],
)
def test_root_installs_packages_and_sees_why_it_failed(
    only_programs: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    says: str,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    apt = only_programs("sh", "true") / "apt-get"
    apt.write_text(FAKE_APT.replace("{program}", program))
    apt.chmod(0o755)
    seen = []
    with pytest.raises(CompileError, match=says):
        install(toolchain.get("aarch64"), lambda *progress: seen.append(progress))
    asked = Path(f"{apt}.log").read_text().splitlines()
    assert asked[0].startswith("update ")
    assert asked[1].startswith(f"install -y --no-install-recommends {PACKAGES} ")
    assert seen == [("reading the package lists", 42, 100), ("installing packages", 42, 100)]


def test_libraries_bring_a_cplusplus_compiler() -> None:
    assert toolchain.get("armv7-acl").packages == (
        "g++-arm-linux-gnueabihf",
        "libc6-dev-armhf-cross",
        "qemu-user",
    )


def test_machine_needs_no_cross_compiler_for_itself(machine: Callable[[str], None]) -> None:
    machine("aarch64")
    assert toolchain.get("aarch64").packages == ("gcc", "libc6-dev")


def test_what_can_not_be_compiled_for_here_is_not_installed(
    only_programs: Callable[..., Path],
) -> None:
    only_programs()
    with pytest.raises(CompileError, match=r"'host' is for x86_64.*this machine is riscv64"):
        install(toolchain.get("host"), quiet)
