"""What a back end of a library is: it offers to run nodes, and adds code to the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.progress import Progress
from edge_compiler.targets.program.build import Part
from edge_compiler.targets.program.lowering import Rule
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Job:
    """
    A library that is to be made.

    :ivar leading: the instruction set that decides on what all of them have in common.
    :ivar tune_threads: measure, run by so many threads, what there is to choose; 0: estimate.
    """

    platform: Platform
    leading: Variant
    tune_threads: int = 0


@dataclass(frozen=True)
class Offer:
    """
    What a back end would do with a node.

    :ivar rule: adds its steps to the program.
    :ivar cost: of running it, in a unit that all back ends of a target share; 0 where nothing is
        known of it, or where it costs nothing.
    """

    rule: Rule
    cost: float = 0.0


Answer = Offer | str
"""An offer for a node, or why there is none, in one clause."""


class Backend(Protocol):
    """
    Something that runs nodes inside of a library.

    Its run-time part is ``edge_NAME_backend``, see runtime/backend.h.
    """

    @property
    def name(self) -> str:
        """Its name, as given to ``edgec compile --place``."""

    @property
    def layout(self) -> str:
        """The layout of its images: one that back ends of two layouts touch is rearranged."""

    @property
    def least_gain(self) -> float:
        """The share of the cost that it must save to be in a library, which it makes larger."""

    def refusal(self, node: Node) -> str | None:
        """Return why it can't run ``node``, as far as that is known before all is installed."""

    def missing_device(self) -> str:
        """Return what this machine lacks to run its steps, e.g. "an NVIDIA GPU"; else empty."""

    def answers(self, graph: Graph, job: Job, progress: Progress) -> Mapping[Node, Answer]:
        """
        Return what it offers for every node, of all at once: some ask a program.

        :raises CompileError: if what it needs for that is missing.
        """

    def add_to(self, directory: Path, program: Program, platform: Platform) -> Part:
        """
        Write what it needs in the library of a program, beside the program's own files.

        :param directory: of the sources.
        :raises CompileError: if something is not installed, or can't be compiled.
        """


class Home(Backend, Protocol):
    """The first back end of a target: its kernels also bring images from layout to layout."""

    def reorder_cost(self, value: Value, job: Job) -> float:
        """Return what it costs to bring ``value`` from one layout into another."""

    def support(self) -> Mapping[str, str]:
        """Return the operators that its kernels run, each with a sentence on what of it."""
