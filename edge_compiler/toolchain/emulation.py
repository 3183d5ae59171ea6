"""Running programs of another machine under qemu's user mode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import shutil

from edge_compiler.files.kept import kept
from edge_compiler.toolchain.processors import Processor


@dataclass(frozen=True)
class Emulator:
    """
    A qemu.

    :ivar command: that runs a program.
    :ivar processor: that is imitated unless another one is asked for.
    :ivar fullest: that has all instruction sets that a library may carry code for.
    """

    command: str
    processor: Processor
    fullest: Processor

    def find(self) -> str | None:
        """Return the command, or that of the statically linked one; None if both are missing."""
        return next(filter(shutil.which, (self.command, f"{self.command}-static")), None)


def sysroot(triple: str, processor: Processor) -> Path:
    """
    Return the folder that the emulated program sees as its root; make it if it is missing.

    What isn't in it, the program sees as it is on this machine. So it holds the C library of the
    cross compiler and ``/proc/cpuinfo`` of the processor.
    """
    cpuinfo = processor.cpuinfo()

    def make(new: Path) -> None:
        (new / "proc").mkdir(parents=True)
        (new / "proc" / "cpuinfo").write_text(cpuinfo)
        (new / "lib").symlink_to(Path("/usr") / triple / "lib")

    return kept(f"toolchains/emulated/{triple}-{processor.name}", (triple, cpuinfo), make)
