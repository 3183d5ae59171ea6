"""The kernels that a convolution may run on, and who chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_compiler.targets.program.program import KernelCall, Step
from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Problem:
    """
    A convolution, as far as its speed depends on it.

    :ivar kind: "dense", "grouped", "depthwise", or "spread": each pixel becomes a window of its
        own, whose places are blocks of output channels.
    :ivar channels: input channels that one output channel reads.
    :ivar lanes: input channels that lie side by side: 16, or 1 in separate planes.
    :ivar out_blocks: blocks of output channels.
    :ivar height: rows of the result; a 1x1 convolution without gaps in memory takes all as one.
    :ivar width: of these rows.
    :ivar activation: its operator, or "".
    :ivar step: rows and columns of the result from one that is computed to the next.
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
    step: tuple[int, int] = (1, 1)

    @property
    def terms(self) -> int:
        """Products that are summed up in one result."""
        return self.channels * self.kernel[0] * self.kernel[1]


Counts = dict[str, float]
"""What a cost depends on, by name: each is multiplied by a constant of the cost model."""

Fields = dict[str, int]
"""Fields of a kernel's configuration."""

Sizes = dict[str, int | str]
"""Fields that machine code reads when it runs."""


@dataclass(frozen=True)
class Scheme:
    """
    What all instruction sets must have in common, as they share weights and memory.

    :ivar algorithm: its name.
    :ivar parameters: its own, as Winograd's tile and chunk.
    """

    algorithm: str
    parameters: tuple[int, ...] = ()


class Candidate(Protocol):
    """A kernel with what it is told; ``str()`` tells it apart from others of the same problem."""

    @property
    def scheme(self) -> Scheme:
        """What it has in common with the candidates of other instruction sets."""

    @property
    def fields(self) -> Fields:
        """The fields of the kernel's configuration that are chosen."""

    @property
    def sizes(self) -> Sizes:
        """Those of them that machine code may learn when it runs, see ``Call``."""

    def family(self, problem: Problem) -> str:
        """Return the name of the constants of the cost model that hold for it."""

    def counts(self, problem: Problem, variant: Variant) -> Counts:
        """Return what its cost depends on."""

    def pieces(self, problem: Problem) -> int:
        """Return into how many pieces of work threads can divide it."""

    def kept_weights(self, problem: Problem) -> int:
        """Return the floats that weights transformed at create take beside the library."""


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

    def choose(self, problem: Problem, variant: Variant, scheme: Scheme | None = None) -> Choice:
        """Return the best candidate for an instruction set, of one scheme if it is given."""


@dataclass(frozen=True)
class Fixed:
    """Chooses always the same."""

    variant: Variant
    candidate: Candidate

    def choose(self, problem: Problem, variant: Variant, scheme: Scheme | None = None) -> Choice:
        """Return the candidate."""
        return Choice(problem, self.candidate, "")


def cheapest(
    problem: Problem, costs: Sequence[tuple[Candidate, float]], how: str, unit: str
) -> Choice:
    """Return the candidate with the least cost; the first of those that tie."""
    (candidate, best), *others = sorted(costs, key=lambda item: item[1])
    following = f", next {others[0][1]:.1f} {unit}" if others else ""
    return Choice(problem, candidate, f"{how}: {best:.1f} {unit}{following}")


def choice_of(step: Step, variant: Variant) -> Choice | None:
    """Return what was chosen for a step and an instruction set; None if there was no choice."""
    if not isinstance(step.code, KernelCall) or step.code.choose is None:
        return None
    choice = step.code.choose(variant)
    assert isinstance(choice, Choice)
    return choice
