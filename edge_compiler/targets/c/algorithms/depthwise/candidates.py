"""The tiles that are worth considering for depthwise convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_compiler.targets.c.algorithms.depthwise import cost
from edge_compiler.targets.c.choice import Counts, Fields, Problem, Scheme, Sizes
from edge_compiler.targets.program.variants import Variant

_MOST_PIXELS, _TILES = 14, 4
DEPTHWISE = Scheme("depthwise")


@dataclass(frozen=True)
class Depthwise:
    """The kernel of depthwise.h: pixels of a tile."""

    pixels: int

    @property
    def scheme(self) -> Scheme:
        """See Candidate."""
        return DEPTHWISE

    @property
    def fields(self) -> Fields:
        """See Candidate."""
        return {"pixels": self.pixels}

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return {}

    def family(self, problem: Problem) -> str:
        """See Candidate."""
        return "depthwise"

    def counts(self, problem: Problem, variant: Variant) -> Counts:
        """See Candidate."""
        return cost.counts(problem, self.pixels, variant)

    def pieces(self, problem: Problem) -> int:
        """See Candidate."""
        return problem.out_blocks * problem.height

    def kept_weights(self, problem: Problem) -> int:
        """See Candidate."""
        return 0

    def __str__(self) -> str:
        return f"tile {self.pixels}"


def suits_depthwise(problem: Problem) -> bool:
    """Return whether depthwise.h can compute it."""
    return problem.kind == "depthwise"


def depthwise_candidates(problem: Problem, variant: Variant) -> Iterator[Depthwise]:
    """Yield the largest tiles that cut a row evenly, or that many sizes share."""
    largest = min(problem.width, _MOST_PIXELS, variant.registers - 2)
    even = {-(-problem.width // count) for count in range(1, problem.width + 1)}
    yield from map(Depthwise, sorted({p for p in even | {4, 8} if p <= largest})[-_TILES:])
