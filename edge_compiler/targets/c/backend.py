"""Our own kernels as a back end of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.progress import Progress
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.lowering import rule_of
from edge_compiler.targets.c.part import add_kernels
from edge_compiler.targets.c.support import refusal, support
from edge_compiler.targets.c.tuning import tune
from edge_compiler.targets.c.work import Costs, WorkModel
from edge_compiler.targets.program.backend import Answer, Job, Offer
from edge_compiler.targets.program.build import Part
from edge_compiler.targets.program.layout import BLOCKED
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import OURS, Program


@dataclass(frozen=True)
class CBackend:
    """
    C that is generated for each instruction set; see `Home`.

    :ivar costs: of nodes; None: those that come with edgec.
    """

    costs: Costs | None = None
    name = OURS
    layout = BLOCKED.name
    least_gain = 0.0

    def refusal(self, node: Node) -> str | None:
        """Return why our kernels can't run a node."""
        return refusal(node)

    def support(self) -> Mapping[str, str]:
        """Return the operators that can be compiled, each with a sentence on what of it."""
        return support()

    def missing_device(self) -> str:
        """Return nothing: a processor of the kind is all that it takes."""
        return ""

    def answers(self, graph: Graph, job: Job, progress: Progress) -> Mapping[Node, Answer]:
        """Offer to run all that isn't refused."""
        chooser, costs = _chooser(graph, job, progress), self._costs(job)
        return {
            node: self.refusal(node) or Offer(rule_of(node, chooser), costs.of(node))
            for node in graph.nodes
        }

    def reorder_cost(self, value: Value, job: Job) -> float:
        """Return what it costs to bring a value from one layout into another."""
        return self._costs(job).of_reorder(value)

    def add_to(self, directory: Path, program: Program, platform: Platform) -> Part:
        """Copy the kernels."""
        return add_kernels(directory, program, platform)

    def _costs(self, job: Job) -> Costs:
        return self.costs or WorkModel.of_machine(job.platform.triple)


def _chooser(graph: Graph, job: Job, progress: Progress) -> Chooser:
    """Return who chooses kernels: measurements if they are wanted, else estimates."""
    if job.tune_threads:
        return tune(job.platform, graph, job.tune_threads, progress)
    return Estimated.of(job.leading, graph)
