"""
The cost model: what a candidate is expected to cost, where nothing was measured.

The cost is a sum of counts (cycles of the multipliers, stores, bytes read again, ...), each times
a constant. ``python -m bench.fit_cost_model`` fits the constants to measured times and writes them
to ``cost_model.json``; those in ``cost_model_arm.json`` it fits to counted instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path

from edge_compiler.ir.graph import Graph
from edge_compiler.targets.c.candidates import (
    candidates,
    groups,
    kept_weights,
    pieces,
    row_cycles,
    transformed_weights,
    winograd_tiles,
)
from edge_compiler.targets.c.choice import (
    Algorithm,
    Candidate,
    cheapest,
    Choice,
    Depthwise,
    Direct,
    Problem,
    Tile,
    Winograd,
)
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.variants import Variant

CONSTANTS = Path(__file__).with_name("cost_model.json")
COUNTED_CONSTANTS = Path(__file__).with_name("cost_model_arm.json")
Counts = dict[str, float]
MICROSECONDS, INSTRUCTIONS = "us", "k instructions"
_MEMORY_PRICE = {MICROSECONDS: 16 / 2**18}
"""Of a float that an instance keeps beside the library: 16 us of a run are worth 1 MiB."""


def family(problem: Problem, candidate: Candidate) -> str:
    """Return the name of the constants that hold for a candidate."""
    if isinstance(candidate, Winograd):
        return f"winograd{candidate.m}"
    if isinstance(candidate, Depthwise):
        return "depthwise"
    if problem.lanes == 1:
        return "direct on planes"
    return "direct" if problem.height * problem.width > 1 else "direct on one pixel"


def weights_in(graph: Graph, l3_bytes: int) -> str:
    """
    Return where a layer finds its weights when a network runs again: "L3" or "DRAM".

    Activations and other programs need the cache too: half of it is left to the weights.
    """
    total = sum(v.constant.nbytes for v in graph.constants() if v.constant is not None)
    return "L3" if total <= l3_bytes // 2 else "DRAM"


def counts(problem: Problem, candidate: Candidate, variant: Variant) -> Counts:
    """Return what a candidate's cost depends on."""
    if isinstance(candidate, Direct):
        return _direct(problem, candidate, variant)
    if isinstance(candidate, Winograd):
        return _winograd(problem, candidate, variant)
    return _depthwise(problem, candidate, variant)


def _direct(problem: Problem, candidate: Direct, variant: Variant) -> Counts:
    tile, blocks = candidate.tile, groups(candidate.tile, problem.out_blocks)
    cycles = sum(row_cycles(tile, n, variant) for n in blocks) * problem.height * problem.terms
    number, vectors = len(blocks), problem.out_blocks * variant.vectors
    results = problem.height * problem.width * vectors
    tiles = problem.height * (tile.wide + tile.narrow) * number
    rows = problem.height if problem.height > 1 else tile.wide + tile.narrow
    weights = problem.terms * problem.out_blocks * BLOCK
    outer = candidate.order == "CHANNELS_OUTER"
    inputs = problem.height * problem.width * problem.terms
    return {
        "cycles": cycles,
        "crowded cycles": cycles * _crowding(tile, variant),
        "stored vectors": results,
        "tiles": tiles,
        "steps of tiles": tiles * problem.terms,
        "added vectors": results * problem.residual,
        "weights": weights,
        "weights side by side": weights * (tile.blocks - 1),
        "weights read again": 0.0 if outer else weights * (rows - 1),
        "input read again": inputs * (number - 1) if outer else 0.0,
        "runs": 1.0,
    }


def _winograd(problem: Problem, candidate: Winograd, variant: Variant) -> Counts:
    tile, m, points = candidate.tile, candidate.m, (candidate.m + 2) ** 2
    tiles = winograd_tiles(problem, m)
    chunks = -(-tiles // candidate.chunk)
    padded, in_blocks = chunks * candidate.chunk, -(-problem.channels // BLOCK)
    blocks = groups(tile, problem.out_blocks)
    cycles = sum(row_cycles(tile, n, variant) for n in blocks) * points * chunks * problem.channels
    weights = transformed_weights(problem, m)
    return {
        "cycles": cycles,
        "crowded cycles": cycles * _crowding(tile, variant),
        "tiles": (tile.wide + tile.narrow) * len(blocks) * points * chunks,
        "patches": padded * in_blocks * variant.vectors,
        "results": tiles * problem.out_blocks * variant.vectors,
        "weights": weights,
        "weights read again": weights * (chunks - 1),
        "transformed input": points * padded * problem.channels * len(blocks),
        "runs": 1.0,
    }


def _crowding(tile: Tile, variant: Variant) -> float:
    """Return how much of the last quarter of the registers a tile takes: compilers like some."""
    if variant.lane_products:
        return 0.0  # these tiles are listed only if they fit, with all that they need
    vectors = tile.blocks * variant.vectors
    used = tile.pixels * vectors + vectors + 1
    return max(0.0, 4 * used / variant.registers - 3)


def _depthwise(problem: Problem, candidate: Depthwise, variant: Variant) -> Counts:
    rows = problem.height * problem.out_blocks * variant.vectors
    tiles = -(-problem.width // candidate.pixels)
    return {
        "cycles": rows * problem.width * problem.terms,
        "weights": rows * tiles * problem.terms,
        "stored vectors": rows * problem.width,
        "tiles": rows * tiles,
        "runs": 1.0,
    }


@dataclass(frozen=True)
class Estimated:
    """
    Chooses what the cost model expects to be best.

    :ivar constants: the cost of one of each count, by family.
    :ivar unit: of the costs.
    """

    variant: Variant
    constants: Mapping[str, Mapping[str, float]]
    unit: str = MICROSECONDS

    @classmethod
    def of(cls, variant: Variant, graph: Graph) -> Estimated:
        """Return the chooser with the constants that come with the compiler."""
        if variant.counted_as:
            model = json.loads(COUNTED_CONSTANTS.read_text(encoding="utf-8"))
            return cls(variant, model[INSTRUCTIONS][variant.counted_as], INSTRUCTIONS)
        model = json.loads(CONSTANTS.read_text(encoding="utf-8"))
        return cls(variant, model["microseconds"][weights_in(graph, model["l3_bytes"])])

    def cost(self, problem: Problem, candidate: Candidate, variant: Variant) -> float:
        """Return what a candidate is expected to cost."""
        constants = self.constants[family(problem, candidate)]
        found = counts(problem, candidate, variant)
        return sum(constants[name] * count for name, count in found.items())

    def choose(
        self, problem: Problem, variant: Variant, algorithm: Algorithm | None = None
    ) -> Choice:
        """Return the candidate that is expected to cost least."""
        found = candidates(problem, variant, algorithm)
        price = _MEMORY_PRICE.get(self.unit, 0.0)
        costs = [
            (
                c,
                self.cost(problem, c, variant) * _imbalance(pieces(problem, c))
                + price * kept_weights(problem, c),
            )
            for c in found
        ]
        return cheapest(problem, costs, "estimated", self.unit)


def _imbalance(count: int) -> float:
    """Return how much longer a few pieces of work take than many; one and two threads alike."""
    return (1 + 2 * -(-count // 2) / count) / 2
