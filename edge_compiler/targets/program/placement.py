"""Which node runs on which back end: as the user wants it, else where it makes all cheapest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_compiler.errors import CompileError, hint
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.progress import Progress
from edge_compiler.targets.program.backend import Answer, Backend, Home, Job, Offer
from edge_compiler.targets.program.labelling import Labelling, Labels
from edge_compiler.targets.program.lowering import Rule
from edge_compiler.units import count

ALL = "all"
"""Stands for every node that a back end can run, in ``--place``."""


@dataclass(frozen=True)
class Placement:
    """
    Where every node runs.

    :ivar backends: by node.
    :ivar rules: that lower the nodes there.
    :ivar reasons: by name of node; none where there was no choice.
    """

    backends: Mapping[Node, str]
    rules: Mapping[Node, Rule]
    reasons: Mapping[str, str]


def place(
    graph: Graph,
    home: Home,
    others: Sequence[Backend],
    job: Job,
    wishes: Mapping[str, str],
    progress: Progress,
) -> Placement:
    """
    Place every node where it makes the whole cheapest.

    :param home: takes what costs the same elsewhere.
    :param wishes: back end by name of node, as the user wants it; ``ALL`` for the others.
    :raises CompileError: if a wish names no node, or a back end that can't run it; or if no back
        end can run a node.
    """
    backends = (home, *others)
    answers = {backend.name: backend.answers(graph, job, progress) for backend in backends}
    labelling = Labelling(
        graph,
        {backend.name: backend.layout for backend in backends},
        {name: _offers(said) for name, said in answers.items()},
        lambda value: home.reorder_cost(value, job),
    )
    fixed = _fixed(graph, answers, wishes)
    least_gains = {b.name: b.least_gain for b in others if b.name not in fixed.values()}
    labels, too_little = labelling.solve(fixed, least_gains)
    rules = {node: labelling.offers[labels[node]][node].rule for node in graph.nodes}
    reasons = {}
    for node in graph.nodes if others else ():
        said = {name: answers_of[node] for name, answers_of in answers.items()}
        reasons[node.name] = _reason(said, labels[node], node in fixed, too_little)
    return Placement(labels, rules, reasons)


def _offers(said: Mapping[Node, Answer]) -> dict[Node, Offer]:
    return {node: answer for node, answer in said.items() if isinstance(answer, Offer)}


def _reason(said: Mapping[str, Answer], chosen: str, wanted: bool, too_little: str) -> str:
    """Return why a node runs where it does; empty where it costs nothing anywhere."""
    costs = {name: answer.cost for name, answer in said.items() if isinstance(answer, Offer)}
    if len(costs) == 1:
        return "; ".join(answer for answer in said.values() if isinstance(answer, str))
    if wanted:
        return "wanted by --place"
    if not any(costs.values()):
        return ""
    reason = ", ".join(f"{name} {count(cost)}" for name, cost in costs.items()) + " instructions"
    if costs[chosen] > min(costs.values()):
        reason += f", but {too_little or 'a change of layout costs more'}"
    return reason


def _fixed(
    graph: Graph, answers: Mapping[str, Mapping[Node, Answer]], wishes: Mapping[str, str]
) -> Labels:
    """Return the nodes that the user has placed."""
    named = {name: node for node in graph.nodes for name in (*node.origins, node.name)}
    fixed: Labels = {}
    for name, backend in wishes.items():
        if backend not in answers:
            raise CompileError(
                f"--place {name}={backend}: the target has no back end {backend!r}; "
                f"{hint(backend, answers)}"
            )
        if name == ALL:
            continue
        if name not in named:
            meant = hint(name, named, "edgec explain lists the nodes")
            raise CompileError(f"--place {name}={backend}: there is no node {name!r}; {meant}")
        answer = answers[backend][named[name]]
        if isinstance(answer, str):
            raise CompileError(f"--place {name}={backend}: {name!r} can't run there: {answer}")
        fixed[named[name]] = backend
    if ALL in wishes:
        for node, answer in answers[wishes[ALL]].items():
            if isinstance(answer, Offer):
                fixed.setdefault(node, wishes[ALL])
    return fixed
