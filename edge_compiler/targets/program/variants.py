"""Instruction sets that a library carries code for, side by side; it picks the best at create."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_compiler.targets.program.layout import BLOCK

BFLOAT16, FLOAT16 = "bfloat16", "float16"


@dataclass(frozen=True)
class Variant:
    """
    One instruction set.

    :ivar flags: for the compiler.
    :ivar lanes: floats a vector.
    :ivar registers: vector registers: they bound the size of a tile.
    :ivar supported: C function of the run time that says whether the processor has it.
    :ivar pays: C function that says whether it is faster there than those behind it.
    :ivar features: what the processor must have, for the manifest; as Linux names it.
    :ivar lane_products: it multiplies a vector by one lane of another: see kernels/vec.h.
    :ivar counted: the cost of a kernel is how many instructions it executes; else it is time.
    :ivar priced_as: the name of the cost model's constants that estimate it.
    :ivar byte_registers: vector registers for sums when bytes are multiplied: the others hold
        what is multiplied.
    :ivar word_registers: the same of words.
    :ivar byte_products: products of bytes an instruction of qconv.h, all of its loop counted.
    :ivar word_products: the same of words in qwinograd.h.
    :ivar byte_windows: four bytes of neighbouring pixels are multiplied at once: see
        qdepthwise_dot.h.
    :ivar byte_pairs: bytes of two neighbouring pixels are multiplied at once, as words: see
        qdepthwise_pairs.h.
    :ivar byte_strips: what several tiles read is packed together: see qstrip.h.
    :ivar byte_matrices: eight bytes of two pixels and of two output channels are multiplied at
        once: see qmatrix.h.
    :ivar pairs: of what type are the pairs of numbers that it multiplies, see pairs.h; empty: it
        has no such instruction.
    :ivar pair_registers: vector registers for tiles of pairs: others hold sums of less precision.
    :ivar signed_bytes: its products take signed bytes; all variants of a machine agree on that.
    :ivar chunk_floats: how much of a Winograd convolution is worked on together: parts of a
        second-level cache.
    """

    name: str
    flags: tuple[str, ...]
    lanes: int
    registers: int
    supported: str
    features: tuple[str, ...] = ()
    pays: str = "edge_cpu_always"
    lane_products: bool = False
    counted: bool = False
    priced_as: str = "avx2"
    byte_registers: int = 12
    word_registers: int = 12
    byte_products: float = 2.3
    word_products: float = 2.3
    byte_windows: bool = False
    byte_pairs: bool = False
    byte_strips: bool = False
    byte_matrices: bool = False
    pairs: str = ""
    pair_registers: int = 0
    signed_bytes: bool = False
    chunk_floats: tuple[int, ...] = (48 * 1024, 96 * 1024, 192 * 1024)

    @property
    def vectors(self) -> int:
        """Vectors that make up one block of channels."""
        return BLOCK // self.lanes


def _both(name: str, flags: tuple[str, ...], of_bytes: Variant, of_halves: Variant) -> Variant:
    """Return what multiplies bytes as one instruction set does, and pairs of halves as another."""
    more = (feature for feature in of_halves.features if feature not in of_bytes.features)
    return replace(
        of_bytes,
        name=name,
        flags=flags,
        supported=f"edge_cpu_{name}",
        features=(*of_bytes.features, *more),
        pays=of_halves.pays,
        pairs=of_halves.pairs,
        pair_registers=of_halves.pair_registers,
    )


AVX512 = Variant(
    "avx512",
    ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    lanes=16,
    registers=32,
    supported="edge_cpu_avx512",
    features=("avx512f", "avx512bw", "avx512dq", "avx512vl"),
    priced_as="avx512",
    byte_registers=28,
    word_registers=28,
    byte_products=12.8,
    word_products=12.8,
)
AVX2 = Variant(
    "avx2",
    ("-march=x86-64-v3",),
    lanes=8,
    registers=16,
    supported="edge_cpu_avx2",
    features=("avx2", "fma", "f16c"),
    byte_products=6.4,
    word_products=6.4,
    byte_pairs=True,
    byte_strips=True,
)
AVX512VNNI = replace(
    AVX512,
    name="avx512vnni",
    flags=(*AVX512.flags, "-mavx512vnni"),
    supported="edge_cpu_avx512vnni",
    features=(*AVX512.features, "avx512_vnni"),
    byte_products=42,
    word_products=21,
    byte_windows=True,
)
AVX512BF16 = replace(
    AVX512,
    name="avx512bf16",
    flags=(*AVX512.flags, "-mavx512bf16"),
    supported="edge_cpu_avx512bf16",
    features=(*AVX512.features, "avx512_bf16"),
    pays="edge_cpu_fast_bf16",
    pairs=BFLOAT16,
    pair_registers=AVX512.registers,
)
AVX512BF16VNNI = _both(
    "avx512bf16vnni", (*AVX512VNNI.flags, "-mavx512bf16"), AVX512VNNI, AVX512BF16
)
AVXVNNI = replace(
    AVX2,
    name="avxvnni",
    flags=(*AVX2.flags, "-mavxvnni"),
    supported="edge_cpu_avxvnni",
    features=(*AVX2.features, "avx_vnni"),
    byte_products=21,
    byte_strips=False,
)
BASELINE = Variant(
    "baseline",
    ("-march=x86-64",),
    lanes=4,
    registers=16,
    supported="edge_cpu_always",
)

_TILES = ("-fno-schedule-insns",)
"""GCC's scheduler before the allocation of registers makes tiles that fit spill."""

NEON64 = Variant(
    "neon",
    ("-march=armv8-a", *_TILES),
    lanes=4,
    registers=32,
    supported="edge_cpu_always",
    features=("asimd",),
    lane_products=True,
    counted=True,
    priced_as="aarch64",
    byte_registers=16,
    word_registers=20,
    byte_products=5,
    word_products=3.7,
    signed_bytes=True,
    chunk_floats=(64 * 1024,),  # four threads share the 1 MiB of a Cortex-A72
)
DOTPROD = replace(
    NEON64,
    name="dotprod",
    flags=("-march=armv8.2-a+dotprod", *_TILES),
    supported="edge_cpu_dotprod",
    features=("asimd", "asimddp"),
    byte_registers=20,
    byte_products=14,
)
I8MM = replace(
    DOTPROD,
    name="i8mm",
    flags=("-march=armv8.2-a+dotprod+i8mm", *_TILES),
    supported="edge_cpu_i8mm",
    features=(*DOTPROD.features, "i8mm"),
    byte_registers=16,
    byte_products=20,
    byte_matrices=True,
)
FP16 = replace(
    NEON64,
    name="fp16",
    flags=("-march=armv8.2-a+fp16", *_TILES),
    supported="edge_cpu_fp16",
    features=("asimd", "asimdhp"),
    pairs=FLOAT16,
    pair_registers=24,
)
FP16DOTPROD = _both("fp16dotprod", ("-march=armv8.2-a+fp16+dotprod", *_TILES), DOTPROD, FP16)
FP16I8MM = _both("fp16i8mm", ("-march=armv8.2-a+fp16+dotprod+i8mm", *_TILES), I8MM, FP16)
NEON32 = Variant(
    "neon",
    # without the second, GCC computes vectors lane by lane: NEON takes denormal numbers for zero;
    # those after it take back what else it would allow
    (
        *("-march=armv7-a", "-mfpu=neon-vfpv4", "-mfloat-abi=hard"),
        *("-funsafe-math-optimizations", "-fno-associative-math", "-fno-reciprocal-math"),
        *("-fsigned-zeros", *_TILES),
    ),
    lanes=4,
    registers=16,
    supported="edge_cpu_neon_vfpv4",
    features=("neon", "vfpv4"),
    lane_products=True,
    counted=True,
    priced_as="armv7",
    byte_registers=8,
    word_registers=8,
    byte_products=5,
    word_products=3.5,
    signed_bytes=True,
    chunk_floats=(32 * 1024,),  # four threads share the 512 KiB of a Cortex-A7
)
