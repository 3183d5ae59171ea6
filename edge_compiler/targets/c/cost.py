"""
The cost model: what a candidate is expected to cost, where nothing was measured.

The cost is a sum of counts (cycles of the multipliers, stores, bytes read again, ...), each times
a constant of the instruction set. ``python -m bench.fit_cost_model`` fits the constants to times
and writes them to ``cost_model.json``; those in ``cost_model_arm.json`` it fits to instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path

from edge_compiler.ir.graph import Graph
from edge_compiler.targets.c.algorithms import candidates
from edge_compiler.targets.c.choice import Candidate, cheapest, Choice, Problem, Scheme
from edge_compiler.targets.program.variants import Variant

Constants = Mapping[str, Mapping[str, float]]
CONSTANTS = Path(__file__).with_name("cost_model.json")
COUNTED_CONSTANTS = Path(__file__).with_name("cost_model_arm.json")
MICROSECONDS, INSTRUCTIONS = "us", "k instructions"
_MEMORY_PRICE = {MICROSECONDS: 16 / 2**18}
"""Of a float that an instance keeps beside the library: 16 us of a run are worth 1 MiB."""


def weights_in(graph: Graph, l3_bytes: int) -> str:
    """
    Return where a layer finds its weights when a network runs again: "L3" or "DRAM".

    Activations and other programs need the cache too: half of it is left to the weights.
    """
    total = sum(v.constant.nbytes for v in graph.constants() if v.constant is not None)
    return "L3" if total <= l3_bytes // 2 else "DRAM"


@dataclass(frozen=True)
class Estimated:
    """
    Chooses what the cost model expects to be best.

    :ivar constants: the cost of one of each count, by what an instruction set is priced as, and
        by family.
    :ivar unit: of the costs.
    """

    variant: Variant
    constants: Mapping[str, Constants]
    unit: str = MICROSECONDS

    @classmethod
    def of(cls, variant: Variant, graph: Graph) -> Estimated:
        """Return the chooser with the constants that come with the compiler."""
        if variant.counted:
            model = json.loads(COUNTED_CONSTANTS.read_text(encoding="utf-8"))
            return cls(variant, model[INSTRUCTIONS], INSTRUCTIONS)
        models = json.loads(CONSTANTS.read_text(encoding="utf-8"))
        constants = {
            name: model["microseconds"][weights_in(graph, model["l3_bytes"])]
            for name, model in models.items()
        }
        return cls(variant, constants)

    def cost(self, problem: Problem, candidate: Candidate, variant: Variant) -> float:
        """Return what a candidate is expected to cost."""
        constants = self.constants[variant.priced_as][candidate.family(problem)]
        counts = candidate.counts(problem, variant)
        return sum(constants[name] * count for name, count in counts.items())

    def choose(self, problem: Problem, variant: Variant, scheme: Scheme | None = None) -> Choice:
        """Return the candidate that is expected to cost least."""
        found = candidates(problem, variant, scheme)
        price = _MEMORY_PRICE.get(self.unit, 0.0)
        costs = [
            (
                c,
                self.cost(problem, c, variant) * _imbalance(c.pieces(problem))
                + price * c.kept_weights(problem),
            )
            for c in found
        ]
        return cheapest(problem, costs, "estimated", self.unit)


def _imbalance(count: int) -> float:
    """Return how much longer a few pieces of work take than many; one and two threads alike."""
    return (1 + 2 * -(-count // 2) / count) / 2
