"""Whether kernels for Arm are chosen by their instructions, and execute few."""

from collections.abc import Callable
from pathlib import Path

from cross import tools_or_skip
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler import targets
from edge_compiler.ir.graph import Graph
from edge_compiler.passes import optimise
from edge_compiler.targets.c.algorithms.direct.candidates import Direct
from edge_compiler.targets.c.choice import choice_of
from edge_compiler.targets.c.cost import Estimated, INSTRUCTIONS
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.c.tuning import Measured, tune

MOST_PER_PRODUCT = {"aarch64": 1.16, "armv7": 1.35}
"""Instructions for a product of four numbers, in a convolution with many channels."""
WORST_ESTIMATE = 1.15
"""The counted cost of what is estimated to be best, in relation to the best one's."""


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """Return a network with a first layer, a pointwise layer, and one for Winograd's way."""
    pads = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
    nodes = [
        node("Conv", "image w0", "c0", strides=[2, 2], **pads),
        node("Conv", "c0 w1", "c1", kernel_shape=[1, 1]),
        node("Conv", "c1 w2", "c2", **pads),
        node("Conv", "c2 w3", "y", group=32, **pads),
    ]
    constants = {
        "w0": weights(256, 3, 3, 3),
        "w1": weights(32, 256, 1, 1),
        "w2": weights(32, 32, 3, 3),
        "w3": weights(32, 1, 3, 3),
    }
    loaded = load_model(make_model(nodes, {"image": [1, 3, 30, 30]}, constants), tmp_path)
    optimise(loaded)
    return loaded


@pytest.fixture
def counted(
    name: str, graph: Graph, made_once: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Measured:
    """Return what the kernels of a target execute, counted once for all tests."""
    tools_or_skip(name)

    def tuned(cache: Path) -> Measured:
        monkeypatch.setenv("EDGE_CACHE", str(cache))
        return tune(targets.get(name).platform, graph, 1, lambda *_: None)

    return tuned(made_once(f"counted-{name}", tuned))


@pytest.mark.parametrize("name", MOST_PER_PRODUCT)
def test_estimates_are_near_what_is_counted(name: str, graph: Graph, counted: Measured) -> None:
    variant = targets.get(name).platform.variants[0]
    estimated = Estimated.of(variant, graph)
    steps = lower_all(graph, counted).steps
    chosen = [choice for step in steps if (choice := choice_of(step, variant))]
    assert len(chosen) == len(counted.times) == 4
    for choice in chosen:
        costs = counted.times[choice.problem]
        best = min(costs.values())
        assert costs[choice.candidate] == best
        assert choice.reason.startswith(f"counted: {best:.1f} {INSTRUCTIONS}")
        guess = estimated.choose(choice.problem, variant)
        assert guess.reason.startswith("estimated: ")
        assert costs[guess.candidate] <= WORST_ESTIMATE * best, (choice.problem, guess.candidate)


@pytest.mark.parametrize(("name", "most"), MOST_PER_PRODUCT.items())
def test_inner_loops_are_products_for_the_most_part(most: float, counted: Measured) -> None:
    """A tile that does not fit the registers, or a compiler that moves sums about, takes more."""
    times = counted.times
    problem = next(p for p in times if p.kernel == (1, 1))
    products = problem.terms * problem.height * problem.width * problem.out_blocks * 16 / 4
    direct = [cost for candidate, cost in times[problem].items() if isinstance(candidate, Direct)]
    assert min(direct) * 1e3 <= most * products
