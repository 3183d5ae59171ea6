"""What a toolchain is."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from edge_compiler.errors import CompileError
from edge_compiler.toolchain.emulation import Emulator, sysroot
from edge_compiler.toolchain.library import Library
from edge_compiler.toolchain.machines import Machine
from edge_compiler.toolchain.processors import Processor
from edge_perception.runtime.architecture import architecture

_NATIVE = {"c": ("CC", ("gcc", "clang")), "c++": ("CXX", ("g++", "clang++"))}
"""The environment variable that names a compiler, and the usual names, by language."""


@dataclass(frozen=True)
class Toolchain:
    """
    What compiles for a kind of machine, and what runs the result here.

    :ivar name: as given to ``edgec toolchain install``.
    :ivar libraries: that the target's back ends use.
    """

    name: str
    machine: Machine
    libraries: tuple[Library, ...] = ()

    @property
    def triple(self) -> str:
        """The machine's triple, as GNU and Debian write it."""
        return self.machine.triple

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the target's code is written in."""
        further = (library.language for library in self.libraries)
        return tuple(dict.fromkeys(("c", *further)))

    @property
    def packages(self) -> tuple[str, ...]:
        """
        Debian's packages with compiler, C library and emulator.

        :raises CompileError: if none would help on this machine.
        """
        compiler = "g++" if "c++" in self.languages else "gcc"
        if self.machine.native:
            return compiler, "libc6-dev"
        self._find_emulator()
        c_library = f"libc6-dev-{self.machine.debian}-cross"
        return f"{compiler}-{self.triple}", c_library, "qemu-user"

    def find_compiler(self, language: str = "c") -> str:
        """
        Return the command of the compiler: the cross compiler, or this machine's own.

        :param language: "c" or "c++".
        :raises CompileError: if there is none.
        """
        variable, usual = _NATIVE[language]
        if not self.machine.native:
            self._find_emulator()
            command = f"{self.triple}-{usual[0]}"
            if shutil.which(command):
                return command
            raise CompileError(f"{command} was not found; {self._remedy()}")
        named = os.environ.get(variable)
        for command in [named] if named else usual:
            if shutil.which(command):
                return command
        if named:
            raise CompileError(
                f"the compiler named by ${variable}, {named!r}, was not found; "
                f"install it or unset {variable}"
            )
        raise CompileError(f"no compiler ({' or '.join(usual)}) was found; {self._remedy()}")

    def emulator(self, processor: Processor | None = None) -> list[str]:
        """
        Return the words to put before a command so that it runs here; none on such a machine.

        :param processor: to imitate; None: the usual one of that kind of machine.
        :raises CompileError: if the emulator is missing.
        """
        if self.machine.native:
            return []
        emulator = self._find_emulator()
        qemu = emulator.find()
        if qemu is None:
            raise CompileError(f"{emulator.command} was not found; {self._remedy()}")
        wanted = processor or emulator.processor
        return [qemu, "-cpu", wanted.name, "-L", str(sysroot(self.triple, wanted))]

    def find_library(self, name: str) -> Path:
        """
        Return the folder of one of the libraries.

        :raises CompileError: if the toolchain has none of that name, or it is not installed.
        """
        library = next((known for known in self.libraries if known.name == name), None)
        if library is None:
            raise CompileError(f"the toolchain {self.name!r} has no library {name!r}")
        if not library.is_installed():
            raise CompileError(
                f"the {library.title} for {self.triple} is not installed; {self._remedy()}"
            )
        return library.folder

    def _find_emulator(self) -> Emulator:
        if self.machine.emulator is None:
            raise CompileError(
                f"the target {self.name!r} is for {self.triple}, this machine is "
                f"{architecture()}; edgec doctor lists the targets that it can compile for"
            )
        return self.machine.emulator

    def _remedy(self) -> str:
        return f"install it: edgec toolchain install {self.name}"
