"""Arm Compute Library as a back end of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.progress import Progress
from edge_compiler.targets.acl import build
from edge_compiler.targets.acl.lowering import BACKEND, lower_concat, lower_split, rule_for
from edge_compiler.targets.acl.probe import ask
from edge_compiler.targets.acl.record import node_table, Record
from edge_compiler.targets.acl.requests import Request, requests_for
from edge_compiler.targets.acl.work import Costs, WorkModel
from edge_compiler.targets.program.backend import Answer, Job, Offer
from edge_compiler.targets.program.build import Part
from edge_compiler.targets.program.layout import CHANNELS_LAST, has_sides
from edge_compiler.targets.program.nodes import require_float32
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.program import Program

_VIEWS = {"Concat": lower_concat, "Split": lower_split}


@dataclass(frozen=True)
class AclBackend:
    """
    Functions of Arm Compute Library; see `Backend`.

    :ivar costs: of nodes; None: those that come with edgec.
    """

    costs: Costs | None = None
    name = BACKEND
    layout = CHANNELS_LAST.name
    least_gain = 0.01  # it makes the file some 3 MB larger

    def refusal(self, node: Node) -> str | None:
        """Return why no function of the library could run a node."""
        if node.op in _VIEWS:
            return _view_refusal(node)
        requests = requests_for(node)
        return requests if isinstance(requests, str) else None

    def missing_device(self) -> str:
        """Return nothing: a processor of the kind is all that it takes."""
        return ""

    def answers(self, graph: Graph, job: Job, progress: Progress) -> Mapping[Node, Answer]:
        """Ask the library about every node."""
        progress("placing", 0, 0)
        costs = self.costs or WorkModel.of_machine(job.platform.triple)
        requests = {node: requests_for(node) for node in graph.nodes if node.op not in _VIEWS}
        asked = [r for those in requests.values() if not isinstance(those, str) for r in those]
        said = ask(job.platform.tools, [request.question() for request in asked])
        refusals = dict(zip(asked, said, strict=True))
        return {
            node: _answer(node, requests[node], refusals, costs)
            if node in requests
            else _view(node)
            for node in graph.nodes
        }

    def add_to(self, directory: Path, program: Program, platform: Platform) -> Part:
        """Write the table of what the library runs, and the code that reads it."""
        records = [r for r in program.records_of(BACKEND) if isinstance(r, Record)]
        return build.add_to(directory, node_table(records), platform)


def _view(node: Node) -> Answer:
    """Return the offer for a node that only names channels of images: it costs nothing."""
    return _view_refusal(node) or Offer(_VIEWS[node.op])


def _view_refusal(node: Node) -> str | None:
    if reason := require_float32(node):
        return reason
    read = node.inputs if node.op == "Concat" else node.inputs[:1]
    if any(value is None or value.constant is not None for value in read):
        return "an input is constant"
    axis = node.attributes["axis"] % len(node.output.shape)
    values = [value for value in (*node.inputs[:1], *node.outputs) if value is not None]
    if axis != 1 or not all(has_sides(value) and value.shape[0] == 1 for value in values):
        return "only channels of an image are joined or split without a copy"
    return None


def _answer(
    node: Node,
    requests: tuple[Request, ...] | str,
    refusals: Mapping[Request, str],
    costs: Costs,
) -> Answer:
    """Offer the cheapest of the library's functions for a node."""
    if isinstance(requests, str):
        return requests
    possible = {r: costs.of(node, r) for r in requests if not refusals[r]}
    if not possible:
        return f"ACL refuses: {refusals[requests[0]]}"
    best = min(possible, key=possible.__getitem__)
    return Offer(rule_for(best), possible[best])
