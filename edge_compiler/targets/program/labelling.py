"""
The cheapest placement of nodes among back ends.

A node costs what its back end says; a value costs a change of layout for each other layout than
its own in which it is read. A placement is made better by moving nodes to one back end, those that
make the whole cheapest: the minimum cut of a flow network. Of two back ends, one such move finds
the best placement there is; of more, moves are repeated till none gains (alpha-expansion: Boykov,
Veksler and Zabih, "Fast approximate energy minimization via graph cuts", 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.targets.program.backend import Offer
from edge_compiler.targets.program.cut import Cut, SINK, SOURCE

Labels = dict[Node, str]
"""Name of the back end by node."""


@dataclass(frozen=True)
class Labelling:
    """
    Nodes that are to be placed.

    :ivar layouts: by name of back end, the one first that takes what costs the same elsewhere.
    :ivar offers: by name of back end, of the nodes that it can run.
    :ivar reorder: what a change of layout of a value costs.
    """

    graph: Graph
    layouts: Mapping[str, str]
    offers: Mapping[str, Mapping[Node, Offer]]
    reorder: Callable[[Value], float]

    def solve(
        self, fixed: Mapping[Node, str], least_gains: Mapping[str, float]
    ) -> tuple[Labels, str]:
        """
        Return the cheapest placement, and which back ends were left out for too little gain.

        :param fixed: nodes that stay where they are.
        :param least_gains: share of the cost that a back end must save, by its name.
        :raises CompileError: if no back end can run a node.
        """
        names, left_out = list(self.layouts), []
        labels = self._cheapest(fixed, names)
        for name, share in least_gains.items():
            fewer = [other for other in names if other != name]
            if any(self._first(node, fewer) is None for node in self.graph.nodes):
                continue  # it is needed
            without = self._cheapest(fixed, fewer)
            if self.cost(without) - self.cost(labels) < share * self._movable(without, name):
                labels, names = without, fewer
                left_out.append(f"in all, {name} would save less than {share:.0%}")
        return labels, "; ".join(left_out)

    def cost(self, labels: Labels) -> float:
        """Return what a placement costs."""
        changes = 0.0
        for node in self.graph.nodes:
            for value in node.outputs:
                readers = self.graph.consumers(value)
                layouts = {self.layouts[labels[reader]] for reader in readers}
                others = layouts - {self.layouts[labels[node]]}
                changes += len(others) * self.reorder(value) if others else 0.0
        return changes + sum(self._of(node, label) for node, label in labels.items())

    def _of(self, node: Node, name: str) -> float:
        """Return what a node costs on a back end; infinity if it can't run there."""
        offer = self.offers[name].get(node)
        return math.inf if offer is None else offer.cost

    def _movable(self, labels: Labels, name: str) -> float:
        """Return what all nodes cost that a back end could run, where they are."""
        return sum(self._of(node, labels[node]) for node in self.offers[name])

    def _cheapest(self, fixed: Mapping[Node, str], names: Sequence[str]) -> Labels:
        """Return the cheapest placement on some of the back ends."""
        labels = {}
        for node in self.graph.nodes:
            label = fixed.get(node) or self._first(node, names)
            if label is None:
                raise CompileError(f"no back end can run the node {node.name!r} ({node.op})")
            labels[node] = label
        if len(names) <= 2:
            return self._moved(labels, fixed, names[1]) if len(names) == 2 else labels
        while True:
            better = labels
            for name in names:
                better = self._moved(better, fixed, name)
            if not self.cost(better) < self.cost(labels):
                return labels
            labels = better

    def _first(self, node: Node, names: Sequence[str]) -> str | None:
        """Return the first back end that can run a node."""
        return next((name for name in names if node in self.offers[name]), None)

    def _moved(self, labels: Labels, fixed: Mapping[Node, str], name: str) -> Labels:
        """Move nodes to a back end, as makes the whole cheapest: those on the sink's side."""
        cut = Cut()
        for node in self.graph.nodes:
            stays, moves = self._of(node, labels[node]), self._of(node, name)
            if labels[node] == name:
                stays, moves = math.inf, 0.0
            elif node in fixed or math.isinf(moves):
                stays, moves = 0.0, math.inf
            cut.add(SOURCE, node, moves)
            cut.add(node, SINK, stays)
        for node in self.graph.nodes:
            for value in node.outputs:
                if cost := self.reorder(value):
                    self._add_changes(cut, labels, name, value, cost)
        side = cut.sink_side()
        return {node: name if node in side else label for node, label in labels.items()}

    def _add_changes(self, cut: Cut, labels: Labels, name: str, value: Value, cost: float) -> None:
        """
        Add what changes of a value's layout cost, if some nodes are moved to a back end.

        :param labels: where the nodes are before.
        :param cost: of a change.
        """
        producer, readers = self.graph.producer(value), self.graph.consumers(value)
        assert producer is not None
        before, after = self.layouts[labels[producer]], self.layouts[name]
        groups: dict[str, list[Node]] = {}
        for reader in readers:
            groups.setdefault(self.layouts[labels[reader]], []).append(reader)
        if before != after:  # to be paid if a reader moves and the producer stays
            moved = ("read there", value)
            cut.add(producer, moved, cost)
            for reader in readers:
                cut.add(moved, reader, math.inf)
            if after in groups:
                cut.add(moved, SINK, math.inf)
        for layout, group in groups.items():
            if layout != after:  # to be paid if one of them stays and the producer is elsewhere
                kept = ("read here", value, layout)
                cut.add(kept, producer if layout == before else SINK, cost)
                for reader in group:
                    cut.add(reader, kept, math.inf)
