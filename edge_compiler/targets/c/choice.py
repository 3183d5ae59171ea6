"""The kernels that a convolution may run on, and who chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Problem:
    """
    A convolution, as far as its speed depends on it.

    :ivar kind: "dense", "grouped" or "depthwise".
    :ivar channels: input channels that one output channel reads.
    :ivar lanes: input channels that lie side by side: 16, or 1 in separate planes.
    :ivar out_blocks: blocks of output channels.
    :ivar height: rows of the result; a 1x1 convolution without gaps in memory takes all as one.
    :ivar width: of these rows.
    :ivar activation: its operator, or "".
    """

    kind: str
    channels: int
    lanes: int
    out_blocks: int
    height: int
    width: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    residual: bool
    activation: str

    @property
    def terms(self) -> int:
        """Products that are summed up in one result."""
        return self.channels * self.kernel[0] * self.kernel[1]


@dataclass(frozen=True)
class Tile:
    """A register tile; a row is ``wide`` tiles of ``pixels``, then ``narrow`` smaller ones."""

    pixels: int
    blocks: int
    wide: int
    narrow: int

    def __str__(self) -> str:
        return f"{self.pixels}x{self.blocks}"


Algorithm = tuple[int, int]
"""What all instruction sets must have in common: Winograd's tile and chunk, or else zeros."""

DIRECT: Algorithm = (0, 0)


@dataclass(frozen=True)
class Direct:
    """The kernel of conv.h; ``order`` is its conv_order."""

    tile: Tile
    order: str

    @property
    def algorithm(self) -> Algorithm:
        """See Algorithm."""
        return DIRECT

    def __str__(self) -> str:
        return f"tile {self.tile}, {self.order.lower().replace('_', ' ')}"


@dataclass(frozen=True)
class Winograd:
    """The kernel of winograd.h: results of a tile, tiles of a chunk, tile of the products."""

    m: int
    chunk: int
    tile: Tile

    @property
    def algorithm(self) -> Algorithm:
        """See Algorithm."""
        return (self.m, self.chunk)

    def __str__(self) -> str:
        return f"F({self.m}x{self.m}, 3x3), chunks of {self.chunk}, tile {self.tile}"


@dataclass(frozen=True)
class Depthwise:
    """The kernel of depthwise.h."""

    pixels: int

    @property
    def algorithm(self) -> Algorithm:
        """See Algorithm."""
        return DIRECT

    def __str__(self) -> str:
        return f"tile {self.pixels}"


Candidate = Direct | Winograd | Depthwise


@dataclass(frozen=True)
class Choice:
    """What was chosen for a problem, and why."""

    problem: Problem
    candidate: Candidate
    reason: str


class Chooser(Protocol):
    """Chooses kernels; the lowering asks it."""

    @property
    def variant(self) -> Variant:
        """The instruction set that decides on what all of them have in common."""

    def choose(
        self, problem: Problem, variant: Variant, algorithm: Algorithm | None = None
    ) -> Choice:
        """Return the best candidate for an instruction set, of one algorithm if it is given."""


@dataclass(frozen=True)
class Fixed:
    """Chooses always the same."""

    variant: Variant
    candidate: Candidate

    def choose(
        self, problem: Problem, variant: Variant, algorithm: Algorithm | None = None
    ) -> Choice:
        """Return the candidate."""
        return Choice(problem, self.candidate, "")


def cheapest(
    problem: Problem, costs: Sequence[tuple[Candidate, float]], how: str, unit: str
) -> Choice:
    """Return the candidate with the least cost; the first of those that tie."""
    (candidate, best), *others = sorted(costs, key=lambda item: item[1])
    following = f", next {others[0][1]:.1f} {unit}" if others else ""
    return Choice(problem, candidate, f"{how}: {best:.1f} {unit}{following}")
