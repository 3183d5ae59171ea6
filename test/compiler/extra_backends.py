"""Small back ends for tests: each runs the nodes of one operator by a C function of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.progress import Progress
from edge_compiler.targets.program.backend import Answer, Job, Offer
from edge_compiler.targets.program.build import Part, Source
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import BackendRecord, Program

CODE = """\
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "runtime/backend.h"

static const struct {{ uint32_t step, in, out, count; }} nodes[] = {{{rows}}};

static void *create(const edge_memory *memory, edge_pool *pool, char *error, size_t capacity)
{{
    edge_memory *state = malloc(sizeof *state);
    (void)pool;
    if (state)
        *state = *memory;
    else
        snprintf(error, capacity, "no memory");
    return state;
}}

static int run(void *state, uint32_t step, char *error, size_t capacity)
{{
    const edge_memory *memory = state;
    for (unsigned n = 0; n < sizeof nodes / sizeof *nodes; n++)
        for (uint32_t i = 0; nodes[n].step == step && i < nodes[n].count; i++) {{
            const float x = ((const float *)(memory->arena + nodes[n].in))[i];
            ((float *)(memory->arena + nodes[n].out))[i] = {formula};
        }}
    (void)error, (void)capacity;
    return 1;
}}

const edge_backend edge_{name}_backend = {{create, run, free}};
"""


@dataclass(frozen=True)
class OneOperator:
    """
    A back end for the nodes of one operator; see `Backend`.

    :ivar missing: the device that it needs; empty: it runs here.
    :ivar formula: C text for an element of the result, given one of the input as ``x``.
    """

    name: str
    op: str
    formula: str
    cost: float = 0.0
    layout: str = "row-major"
    least_gain: float = 0.0
    missing: str = ""

    def refusal(self, node: Node) -> str | None:
        """Return why a node can't run here."""
        return None if node.op == self.op else f"{self.name} runs {self.op} only"

    def missing_device(self) -> str:
        """Return what this machine lacks."""
        return self.missing

    def answers(self, graph: Graph, job: Job, progress: Progress) -> Mapping[Node, Answer]:
        """Offer to run the nodes of the operator."""
        offer = Offer(self._lower, self.cost)
        return {node: self.refusal(node) or offer for node in graph.nodes}

    def _lower(self, low: Lowering, node: Node) -> None:
        source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)

        def record(step: int) -> tuple[int, int, int, int]:
            return step, source.origin, target.origin, node.output.size

        code = BackendRecord(self.name, record)
        low.add(node, f"{self.op} by {self.name}", [source], target, code, value=node.output)

    def add_to(self, directory: Path, program: Program, platform: Platform) -> Part:
        """Write the C file."""
        records = map(str, program.records_of(self.name))
        rows = ", ".join(record.replace("(", "{").replace(")", "}") for record in records)
        path = directory / f"{self.name}.c"
        path.write_text(CODE.format(rows=rows, formula=self.formula, name=self.name))
        source = Source(path.name, platform.least_flags)
        return Part(sources=(source,), made_with=f"{self.name} 1.0")
