"""
Which node runs on our own kernels and which on Arm Compute Library.

A node costs what its kernel costs; a value costs a change of layout when it is computed on one
side and read on the other, once however many read it. The placement of least total cost is the
minimum cut of a flow network: our own kernels are the source, the library is the sink.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

from edge_compiler.errors import CompileError, hint
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.targets.acl.cost import Costs
from edge_compiler.targets.acl.cut import Cut, SINK, SOURCE
from edge_compiler.targets.acl.lowering import BACKEND, lower_concat, lower_split, rule_for
from edge_compiler.targets.acl.probe import ask
from edge_compiler.targets.acl.requests import Request, requests_for
from edge_compiler.targets.program.lowering import is_image, own_rule, Rule
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.units import count

OURS = "c"
ALL = "all"
"""Stands for every node that the back end can run, in ``--place``."""

LEAST_GAIN = 0.01
"""Share of the instructions that the library must save: it makes the file some 3 MB larger."""

_VIEWS = {"Concat": lower_concat, "Split": lower_split}


@dataclass(frozen=True)
class Option:
    """
    A node on the library: the rule that lowers it there, or why it can't run there.

    :ivar cost: instructions.
    """

    rule: Rule | None = None
    refusal: str = ""
    cost: float = math.inf


@dataclass(frozen=True)
class Placement:
    """
    Where every node runs.

    :ivar rules: of those placed on the library.
    :ivar reasons: by name of node.
    """

    rules: Mapping[Node, Rule]
    reasons: Mapping[str, str]

    def rule_of(self, node: Node) -> Rule:
        """Return the rule that lowers a node."""
        return self.rules.get(node) or own_rule(node)


def place(graph: Graph, tools: Toolchain, costs: Costs, wishes: Mapping[str, str]) -> Placement:
    """
    Place every node where it makes the whole cheapest.

    :param wishes: back end by name of node, as the user wants it; ``ALL`` for the others.
    :raises CompileError: if a wish names no node, or a back end that can't run it.
    """
    options = _options(graph, tools, costs)
    fixed = _fixed(graph, options, wishes)
    chosen = _cheapest(graph, options, costs, fixed)
    against = "a change of layout costs more"
    if BACKEND not in fixed.values() and not _worth_it(graph, options, costs, chosen):
        chosen, against = set(), f"in all, acl would save less than {LEAST_GAIN:.0%}"
    rules = {node: rule for node in graph.nodes if node in chosen and (rule := options[node].rule)}
    reasons = {}
    for node in graph.nodes:
        option, name = options[node], node.name
        if option.refusal:
            reasons[name] = option.refusal
        elif node in fixed:
            reasons[name] = "wanted by --place"
        elif node.op not in _VIEWS:
            ours = costs.of_ours(node)
            reasons[name] = f"c {count(ours)}, acl {count(option.cost)} instructions"
            if (option.cost < ours) != (node in chosen):
                reasons[name] += f", but {against}"
    return Placement(rules, reasons)


def _options(graph: Graph, tools: Toolchain, costs: Costs) -> dict[Node, Option]:
    """Ask the library about every node."""
    requests = {node: requests_for(node) for node in graph.nodes if node.op not in _VIEWS}
    asked = [r for those in requests.values() if not isinstance(those, str) for r in those]
    refusals = dict(zip(asked, ask(tools, [r.question() for r in asked]), strict=True))
    return {
        node: _option(node, requests[node], refusals, costs) if node in requests else _view(node)
        for node in graph.nodes
    }


def _view(node: Node) -> Option:
    """Return the option of a node that only names channels of images: it costs nothing."""
    axis = node.attributes["axis"] % len(node.output.shape)
    values = [value for value in (*node.inputs[:1], *node.outputs) if value is not None]
    if axis != 1 or not all(map(is_image, values)):
        return Option(refusal="only channels of images are joined or split without a copy")
    return Option(_VIEWS[node.op], cost=0.0)


def _option(
    node: Node,
    requests: tuple[Request, ...] | str,
    refusals: Mapping[Request, str],
    costs: Costs,
) -> Option:
    """Return the cheapest of the library's functions for a node."""
    if isinstance(requests, str):
        return Option(refusal=requests)
    possible = {r: costs.of_library(node, r) for r in requests if not refusals[r]}
    if not possible:
        return Option(refusal=f"ACL refuses: {refusals[requests[0]]}")
    best = min(possible, key=possible.__getitem__)
    return Option(rule_for(best), cost=possible[best])


def _fixed(
    graph: Graph, options: Mapping[Node, Option], wishes: Mapping[str, str]
) -> dict[Node, str]:
    """Return the nodes that the user has placed."""
    named = {name: node for node in graph.nodes for name in (*node.origins, node.name)}
    fixed = {}
    for name, backend in wishes.items():
        if name == ALL:
            continue
        if name not in named:
            meant = hint(name, named, "edgec explain lists the nodes")
            raise CompileError(f"--place {name}={backend}: there is no node {name!r}; {meant}")
        node = named[name]
        if backend == BACKEND and options[node].rule is None:
            refusal = options[node].refusal
            raise CompileError(f"--place {name}={backend}: {name!r} can't run there: {refusal}")
        fixed[node] = backend
    if ALL in wishes:
        for node in graph.nodes:
            if wishes[ALL] == OURS or options[node].rule is not None:
                fixed.setdefault(node, wishes[ALL])
    return fixed


def _cheapest(
    graph: Graph, options: Mapping[Node, Option], costs: Costs, fixed: Mapping[Node, str]
) -> set[Node]:
    """Return the nodes to run on the library."""
    cut = Cut()
    for node in graph.nodes:
        if options[node].rule is None or fixed.get(node) == OURS:
            ours, library = 0.0, math.inf
        elif fixed.get(node) == BACKEND:
            ours, library = math.inf, 0.0
        elif node.op in _VIEWS:
            ours, library = 0.0, 0.0
        else:
            ours, library = costs.of_ours(node), options[node].cost
        cut.add(SOURCE, node, library)
        cut.add(node, SINK, ours)
    for index, value in enumerate([v for node in graph.nodes for v in node.outputs]):
        producer, readers = graph.producer(value), graph.consumers(value)
        to_library, to_ours = ("to the library", index), ("to ours", index)
        cost = costs.of_reorder(value)
        cut.add(producer, to_library, cost)
        cut.add(to_ours, producer, cost)
        for reader in readers:
            cut.add(to_library, reader, math.inf)
            cut.add(reader, to_ours, math.inf)
    side = cut.sink_side()
    return {node for node in graph.nodes if node in side}


def _worth_it(
    graph: Graph, options: Mapping[Node, Option], costs: Costs, chosen: set[Node]
) -> bool:
    """Return whether running the chosen nodes on the library saves more than it is worth."""
    free = [n for n in graph.nodes if options[n].rule is not None and n.op not in _VIEWS]
    total = sum(costs.of_ours(node) for node in free)
    saved = sum(costs.of_ours(node) - options[node].cost for node in free if node in chosen)
    for node in graph.nodes:
        for value in node.outputs:
            sides = {reader in chosen for reader in graph.consumers(value)}
            saved -= costs.of_reorder(value) if sides - {node in chosen} else 0.0
    return saved >= LEAST_GAIN * total
