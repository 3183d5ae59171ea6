"""Whether the fit finds the constants that measurements were made with."""

from dataclasses import replace

import numpy as np
import pytest

from bench.fit_cost_model import Constants, fit, Network, non_negative
from edge_compiler.targets.c.algorithms import candidates
from edge_compiler.targets.c.choice import Problem
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.tuning import Measured
from edge_compiler.targets.program.variants import AVX512

CONV = Problem("dense", 64, 16, 8, 28, 28, (3, 3), (1, 1), (1, 1), False, "Relu")
PROBLEMS = [
    replace(CONV, channels=channels, out_blocks=blocks, height=size, width=size)
    for channels, blocks, size in [(64, 8, 28), (32, 8, 56), (128, 2, 14), (256, 16, 7)]
]


def truth() -> Constants:
    """Return constants of all that these problems depend on: a thousandth for each count."""
    found: Constants = {}
    for problem in PROBLEMS:
        for candidate in candidates(problem, AVX512):
            names = candidate.counts(problem, AVX512)
            found[candidate.family(problem)] = dict.fromkeys(names, 1e-3)
    return found


def test_fit_explains_what_was_measured() -> None:
    model = Estimated(AVX512, {AVX512.priced_as: truth()})
    times = {
        problem: {c: model.cost(problem, c, AVX512) for c in candidates(problem, AVX512)}
        for problem in PROBLEMS
    }
    network = Network("test", "L3", Measured(model, "tuned", "us", times), PROBLEMS)
    fitted = fit([network])
    assert set(fitted) == {"direct", "winograd2", "winograd4"}
    # the model prefers work that threads can share evenly, which costs one thread a little
    assert network.cost(fitted) == pytest.approx(network.cost(), rel=0.02)
    for problem, measured in times.items():
        for candidate, time in measured.items():
            estimated = Estimated(AVX512, {AVX512.priced_as: fitted})
            estimate = estimated.cost(problem, candidate, AVX512)
            assert estimate == pytest.approx(time, rel=0.01)


def test_no_constant_is_negative() -> None:
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 0.0], [1.0, 3.0, 0.0]])
    np.testing.assert_allclose(non_negative(matrix, matrix @ [2.0, 3.0, 0.0]), [2, 3, 0])
    solution = non_negative(matrix, matrix @ [5.0, -1.0, 0.0])
    assert solution[1:].tolist() == [0, 0]
    assert solution[0] == pytest.approx(3)
