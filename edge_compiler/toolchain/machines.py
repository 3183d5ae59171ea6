"""The kinds of machines that we compile for, and which of them this one is."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.toolchain.emulation import Emulator
from edge_compiler.toolchain.processors import CORTEX_A7, CORTEX_A72, MAX
from edge_perception.runtime.architecture import architecture


@dataclass(frozen=True)
class Machine:
    """
    A kind of machine.

    :ivar triple: as GNU names it.
    :ivar debian: as Debian names it.
    :ivar emulator: imitates it on other machines; None if we have none.
    """

    triple: str
    debian: str
    emulator: Emulator | None = None

    @property
    def architecture(self) -> str:
        """The first part of the triple, as `edge_perception.runtime` names machines."""
        return self.triple.partition("-")[0]

    @property
    def native(self) -> bool:
        """Whether this machine is of that kind: it compiles and runs code for itself."""
        return self.architecture == architecture()


X86_64 = Machine("x86_64-linux-gnu", "amd64")
AARCH64 = Machine("aarch64-linux-gnu", "arm64", Emulator("qemu-aarch64", CORTEX_A72, MAX))
ARMV7 = Machine("arm-linux-gnueabihf", "armhf", Emulator("qemu-arm", CORTEX_A7, CORTEX_A7))
