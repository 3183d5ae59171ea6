"""Instruction sets that a library carries code for, side by side; it picks the best at create."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.targets.c.buffers import BLOCK


@dataclass(frozen=True)
class Variant:
    """
    One instruction set.

    :ivar flags: for the compiler.
    :ivar lanes: floats a vector.
    :ivar registers: vector registers: they bound the size of a tile.
    :ivar supported: C function of the run time that says whether the processor has it.
    :ivar features: what the processor must have, for the manifest.
    """

    name: str
    flags: tuple[str, ...]
    lanes: int
    registers: int
    supported: str
    features: tuple[str, ...] = ()

    @property
    def vectors(self) -> int:
        """Vectors that make up one block of channels."""
        return BLOCK // self.lanes


AVX512 = Variant(
    "avx512",
    ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    lanes=16,
    registers=32,
    supported="edge_cpu_avx512",
    features=("avx512f", "avx512bw", "avx512dq", "avx512vl"),
)
AVX2 = Variant(
    "avx2",
    ("-march=x86-64-v3",),
    lanes=8,
    registers=16,
    supported="edge_cpu_avx2",
    features=("avx2", "fma"),
)
BASELINE = Variant(
    "baseline",
    ("-march=x86-64",),
    lanes=4,
    registers=16,
    supported="edge_cpu_always",
)

X86_64 = (AVX512, AVX2, BASELINE)
