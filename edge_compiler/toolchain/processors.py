"""
Arm processors as Linux describes them in ``/proc/cpuinfo``.

qemu's user mode shows programs the real machine's file, where libraries that choose their code by
the model of the processor find nothing, or crash.
"""

from __future__ import annotations

from dataclasses import dataclass

CORES = 4
_ARMV8 = ("fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "cpuid")
_ARMV8_2 = (*_ARMV8[:-1], "atomics", "fphp", "asimdhp", "cpuid", "asimdrdm", "lrcpc", "dcpop")
_ARMV7 = ("half", "thumb", "fastmult", "vfp", "edsp", "thumbee", "neon", "vfpv3", "tls", "vfpv4")


@dataclass(frozen=True)
class Processor:
    """
    A processor.

    :ivar name: as qemu's ``-cpu`` has it.
    :ivar part: Arm's number of the model.
    :ivar architecture: the number of Arm's architecture.
    :ivar features: Linux's names of what it can do.
    """

    name: str
    part: int
    architecture: int
    features: tuple[str, ...]

    def cpuinfo(self) -> str:
        """Return ``/proc/cpuinfo`` of a machine with some of these as cores."""
        return "".join(
            f"processor\t: {core}\n"
            "BogoMIPS\t: 108.00\n"
            f"Features\t: {' '.join(self.features)}\n"
            "CPU implementer\t: 0x41\n"
            f"CPU architecture: {self.architecture}\n"
            "CPU variant\t: 0x0\n"
            f"CPU part\t: {self.part:#05x}\n"
            "CPU revision\t: 3\n\n"
            for core in range(CORES)
        )


CORTEX_A7 = Processor(
    "cortex-a7", 0xC07, 7, (*_ARMV7, "idiva", "idivt", "vfpd32", "lpae", "evtstrm")
)
CORTEX_A53 = Processor("cortex-a53", 0xD03, 8, _ARMV8)
CORTEX_A72 = Processor("cortex-a72", 0xD08, 8, _ARMV8)
CORTEX_A76 = Processor("cortex-a76", 0xD0B, 8, (*_ARMV8_2, "asimddp"))
MAX = Processor("max", 0x051, 8, (*_ARMV8_2, "asimddp", "i8mm", "bf16"))
"""What qemu can do, of no real processor: the only one that multiplies matrices."""
PROCESSORS = (CORTEX_A7, CORTEX_A53, CORTEX_A72, CORTEX_A76, MAX)
