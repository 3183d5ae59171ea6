"""Targets that mix our own kernels with functions of Arm Compute Library."""

from __future__ import annotations

from collections.abc import Mapping
import copy
from pathlib import Path
import shutil

from edge_compiler import targets, toolchain
from edge_compiler.description import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.progress import Progress
from edge_compiler.targets.acl import build
from edge_compiler.targets.acl.cost import CostModel, Costs
from edge_compiler.targets.acl.lowering import AclStep, node_table
from edge_compiler.targets.acl.placement import place
from edge_compiler.targets.c.target import Aarch64Target, Armv7Target, CTarget
from edge_compiler.targets.program.build import Cxx, Source
from edge_compiler.targets.program.lowering import lower
from edge_compiler.targets.program.program import Program
from edge_compiler.toolchain.acl import ACL_VERSION
from edge_perception.runtime.manifest import Model


class AclTarget(CTarget):
    """A machine for which each node gets the cheapest of our kernels and the library's."""

    _wishes: Mapping[str, str] = {}
    _costs: Costs | None = None

    def placed(self, wishes: Mapping[str, str]) -> AclTarget:
        """Return the target that runs some nodes where the user wants them."""
        target = copy.copy(self)
        target._wishes = wishes
        return target

    def costing(self, costs: Costs) -> AclTarget:
        """Return the target that places by other costs than those that come with edgec."""
        target = copy.copy(self)
        target._costs = costs
        return target

    def build(
        self, graph: Graph, description: Description, directory: Path, progress: Progress
    ) -> Model:
        """Place every node, lower, write the files, compile and link."""
        progress("placing", 0, 0)
        costs = self._costs or CostModel.of(self.triple)
        placement = place(graph, toolchain.get(self.name), costs, self._wishes)
        program = lower(graph, self._chooser(graph, progress), placement.rule_of)
        for step in program.steps:
            step.reason = placement.reasons.get(step.name, "")
        return self.build_program(graph, program, description, directory, progress)

    def _cxx(self, program: Program) -> Cxx | None:
        """Return what the library needs, if any step is placed on it."""
        return build.cxx(toolchain.get(self.name)) if _uses_acl(program) else None

    def _write_sources(
        self, program: Program, model: Model, description: Description, directory: Path
    ) -> list[Source]:
        """Add the table of what the library runs, and the code that reads it."""
        sources = super()._write_sources(program, model, description, directory)
        if not _uses_acl(program):
            return sources
        (directory / "acl").mkdir()
        for name in (*build.SOURCES, *build.HEADERS, build.EXPORTS):
            shutil.copy(build.RUNTIME / name, directory / "acl")
        (directory / "acl_nodes.c").write_text(node_table(program), "utf-8")
        return [*sources, Source("acl_nodes.c", self.least_flags)]

    def _compiled_by(self, program: Program, compiler: str) -> str:
        """Name the library's version too."""
        made = super()._compiled_by(program, compiler)
        return f"{made}, Arm Compute Library {ACL_VERSION}" if _uses_acl(program) else made


def _uses_acl(program: Program) -> bool:
    return any(isinstance(step, AclStep) for step in program.steps)


@targets.register
class Aarch64AclTarget(AclTarget, Aarch64Target):
    """64-bit Arm, with Arm Compute Library."""

    name = "aarch64-acl"


@targets.register
class Armv7AclTarget(AclTarget, Armv7Target):
    """32-bit Arm with NEON, with Arm Compute Library."""

    name = "armv7-acl"
