"""Portable C99 as the back end of a library, and in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import inspect
from pathlib import Path
import shutil

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.progress import Progress
from edge_compiler.targets.c99 import moves, numbers, windows
from edge_compiler.targets.c99.single_file import write_single_file
from edge_compiler.targets.c99.table import fused_refusal, RULES
from edge_compiler.targets.program.backend import Answer, Job, Offer
from edge_compiler.targets.program.build import Part
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.nodes import require_float32
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import OURS, Program
from edge_compiler.targets.program.variants import Variant

LOOPS = sorted((Path(__file__).parent / "loops").glob("*.h"))
"""The headers; what the others share comes first."""
PLAIN = Variant(
    "plain",
    ("-std=c99", "-ffp-contract=off"),
    lanes=4,
    registers=16,
    supported="edge_cpu_always",
)
"""What the proof compiles the same text for: this machine, with nothing that C99 lacks."""
_REPLACED = ("BatchNormalization",)  # which passes make a ChannelAffine
_FAMILIES = (moves, numbers, windows)  # whose rules are in the table as soon as they are imported


@dataclass(frozen=True)
class PlainBackend:
    """
    Loops of C99; see `Home`.

    The library of the bundle runs them for the proof, with its threads. What is meant to be used
    is ``model.c`` beside it, which has the same functions and needs no library.
    """

    name = OURS
    layout = DENSE.name
    least_gain = 0.0

    def refusal(self, node: Node) -> str | None:
        """Return why there is no loop for a node."""
        if reason := ops.fault(node) or require_float32(node):
            return reason
        if node.op in _REPLACED:
            return None
        if node.op not in RULES:
            return "c99 has no loops for it: choose another target"
        if len(node.outputs) > 1 and node.op != "Split":
            name = node.outputs[1].name
            return f"the output '{name}' is not supported: export the model for inference"
        return RULES[node.op].check(node) or fused_refusal(node)

    def support(self) -> Mapping[str, str]:
        """Return the operators that can be compiled, each with a sentence on what of it."""
        return {op: inspect.getdoc(entry.rule) or "" for op, entry in sorted(RULES.items())}

    def missing_device(self) -> str:
        """Return nothing: any processor will do."""
        return ""

    def answers(self, graph: Graph, job: Job, progress: Progress) -> Mapping[Node, Answer]:
        """Offer to run all that isn't refused."""
        return {node: self.refusal(node) or Offer(RULES[node.op].rule) for node in graph.nodes}

    def reorder_cost(self, value: Value, job: Job) -> float:
        """Return nothing: there is one layout."""
        return 0.0

    def add_to(self, directory: Path, program: Program, platform: Platform) -> Part:
        """Copy the loops, and write the file that has all beside the library."""
        for path in LOOPS:
            shutil.copy(path, directory)
        loops = "\n".join(path.read_text("utf-8") for path in LOOPS)
        write_single_file(program, PLAIN, loops, directory.parent)
        return Part(headers=tuple(path.name for path in LOOPS))
