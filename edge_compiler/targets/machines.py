"""How we compile for each kind of machine: one row a machine."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.variants import (
    AVX2,
    AVX512,
    AVX512BF16,
    AVX512BF16VNNI,
    AVX512VNNI,
    AVXVNNI,
    BASELINE,
    DOTPROD,
    FP16,
    FP16DOTPROD,
    FP16I8MM,
    I8MM,
    NEON32,
    NEON64,
    Variant,
)
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.machines import AARCH64, ARMV7, Machine, X86_64


@dataclass(frozen=True)
class InstructionSets:
    """What a library for a kind of machine carries; the fields are those of `Platform`."""

    variants: tuple[Variant, ...]
    least_flags: tuple[str, ...] = ()
    for_bytes: tuple[Variant, ...] = ()
    for_halves: tuple[Variant, ...] = ()
    for_both: tuple[Variant, ...] = ()


INSTRUCTION_SETS = {
    X86_64: InstructionSets(
        (AVX512, AVX2, BASELINE),
        for_bytes=(AVX512VNNI, AVXVNNI),
        for_halves=(AVX512BF16,),
        for_both=(AVX512BF16VNNI, AVX512VNNI, AVXVNNI),
    ),
    AARCH64: InstructionSets(
        (NEON64,),
        for_bytes=(I8MM, DOTPROD),
        for_halves=(FP16,),
        for_both=(FP16I8MM, FP16DOTPROD, FP16),
    ),
    ARMV7: InstructionSets((NEON32,), ("-march=armv7-a", "-mfpu=vfpv3-d16", "-mfloat-abi=hard")),
}


def platform_of(tools: Toolchain) -> Platform:
    """Return what libraries are compiled for by a toolchain."""
    sets = INSTRUCTION_SETS[tools.machine]
    more = sets.for_bytes, sets.for_halves, sets.for_both
    return Platform(tools, sets.variants, sets.least_flags, *more)


def variants_of(machine: Machine) -> tuple[Variant, ...]:
    """Return the instruction sets that a library for a kind of machine carries, best first."""
    return INSTRUCTION_SETS[machine].variants
