"""
A Python for aarch64 with the engines' wheels, to run under QEMU.

Python is unpacked from Debian's packages into a folder beside the system, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import shlex
import shutil
import sys

from bench import environments
from bench.cache import cache_folder, digest
from bench.engines import Engine
from edge_compiler import toolchain
from edge_compiler.files.atomic import new_folder
from edge_compiler.toolchain.archive import mirrors
from edge_compiler.toolchain.machines import AARCH64, Machine
from edge_compiler.toolchain.processors import CORTEX_A72, Processor

TOOLS = toolchain.get("aarch64")
PROCESSOR = CORTEX_A72
SUITE = "bookworm"
PACKAGES = ("python3", "libstdc++6")
VERSION = "3.11"
"""Of the suite's Python."""
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")
"""Wheels for these run with the C library of the suite."""
SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
INSTALL_SECONDS = 900


def unpack_python(
    machine: Machine = AARCH64,
    packages: Sequence[str] = PACKAGES,
    processor: Processor | None = None,
) -> Path:
    """
    Return the folder that the guest sees as its root, with Python; unpacked if need be.

    :param processor: that it has; None: the usual one of the machine.
    :raises BenchError: if it can't be had.
    """
    assert machine.emulator is not None
    wanted = processor or machine.emulator.processor
    folder = cache_folder() / machine.debian / f"{SUITE}-{digest(*packages, wanted.name)}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(folder) as new:
        for package in _download(new / "apt", machine, packages):
            environments.run(["dpkg-deb", "--extract", package, new], INSTALL_SECONDS)
        shutil.rmtree(new / "apt")
        (new / "proc").mkdir()  # QEMU would show that of this machine
        (new / "proc" / "cpuinfo").write_text(wanted.cpuinfo())
    return folder


def _download(state: Path, machine: Machine, packages: Sequence[str]) -> list[Path]:
    """Let apt fetch the packages and what they need, with a state of its own in a folder."""
    for part in ("state/lists/partial", "cache/archives/partial", "etc"):
        (state / part).mkdir(parents=True)
    (state / "status").touch()  # nothing is installed
    sources = state / "etc" / "debian.sources"
    sources.write_text(SOURCES.format(mirror=mirrors()[0], suite=SUITE))
    settings = {
        "APT::Architecture": machine.debian,
        "APT::Architectures": machine.debian,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",  # the user _apt can't write here
        "Dir::Cache": state / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State": state / "state",
        "Dir::State::status": state / "status",
    }
    apt = ["apt-get", "--yes", *(f"--option={name}={value}" for name, value in settings.items())]
    environments.run([*apt, "update"], INSTALL_SECONDS)
    environments.run([*apt, "install", "--download-only", *packages], INSTALL_SECONDS)
    return sorted((state / "cache" / "archives").glob("*.deb"))


def unpack_wheels(engine: Engine, version: str) -> Path:
    """
    Return the folder with the wheels that run an engine, unpacked if need be.

    :param version: of the engine's own package.
    :raises BenchError: if there are none for aarch64.
    """
    packages = [
        f"{name}=={version}" if name == engine.package else name for name in engine.packages
    ]
    folder = cache_folder() / "arm64" / f"{engine.module}-{digest(*packages, *PLATFORMS)}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as new:
            pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary=:all:"]
            machine = ["--implementation=cp", f"--python-version={VERSION}"]
            machine += [f"--platform={platform}" for platform in PLATFORMS]
            environments.run([*pip, *machine, "--target", new, *packages], INSTALL_SECONDS)
    return folder


def write_launcher(
    path: Path, wheels: Path, processor: Processor, emulator: Sequence[str]
) -> None:
    """
    Write a program that is Python in an emulator.

    :param wheels: what it can import beside the standard library.
    :param emulator: the words to put before a command to emulate the processor.
    """
    root = unpack_python(processor=processor)
    settings = {"PYTHONPATH": wheels, "PYTHONHASHSEED": 0, "OPENBLAS_NUM_THREADS": 1}
    words = [word for name, value in settings.items() for word in ("-E", f"{name}={value}")]
    python = root / "usr" / "bin" / f"python{VERSION}"
    command = shlex.join([*emulator, "-L", str(root), *words, str(python)])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)


def emulator(processor: Processor = PROCESSOR) -> list[str]:
    """
    Return the words that emulate a processor.

    :raises CompileError: if there is no emulator.
    """
    return TOOLS.emulator(processor)
