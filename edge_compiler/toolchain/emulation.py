"""Running programs of another machine under qemu's user mode."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import tempfile

from edge_compiler.machine import user_cache
from edge_compiler.toolchain.processors import Processor


@dataclass(frozen=True)
class Emulator:
    """
    A qemu.

    :ivar command: that runs a program.
    :ivar processor: that is imitated unless another one is asked for.
    """

    command: str
    processor: Processor

    def find(self) -> str | None:
        """Return the command, or that of the statically linked one; None if both are missing."""
        return next(filter(shutil.which, (self.command, f"{self.command}-static")), None)


def sysroot(triple: str, processor: Processor) -> Path:
    """
    Return the folder that the emulated program sees as its root; make it if it is missing.

    What isn't in it, the program sees as it is on this machine. So it holds the C library of the
    cross compiler and ``/proc/cpuinfo`` of the processor.
    """
    folder = user_cache() / "toolchains" / "emulated" / f"{triple}-{processor.name}"
    (folder / "proc").mkdir(parents=True, exist_ok=True)
    libraries, cpuinfo = Path("/usr") / triple / "lib", folder / "proc" / "cpuinfo"
    # tests run side by side: nobody must see one of the two half done or missing
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as scratch:
        if not (folder / "lib").is_symlink():
            link = Path(scratch) / "lib"
            link.symlink_to(libraries)
            os.replace(link, folder / "lib")
        if not cpuinfo.is_file() or cpuinfo.read_text() != processor.cpuinfo():
            text = Path(scratch) / "cpuinfo"
            text.write_text(processor.cpuinfo())
            text.replace(cpuinfo)
    return folder
