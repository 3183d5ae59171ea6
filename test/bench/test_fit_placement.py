"""Fitting the constants with which nodes are placed."""

import numpy as np
import pytest

from bench.fit_placement import fit, Sample


def test_fit_finds_the_constants_that_made_the_numbers() -> None:
    """Take samples of two back ends, made with known constants."""
    known = {
        ("c", "direct"): {"products": 1.25, "results": 2.0, "runs": 500.0},
        ("acl", "direct"): {"products": 1.5, "results": 0.0, "runs": 9000.0},
        ("acl", "Add"): {"results": 3.0, "runs": 0.0},
    }
    random = np.random.default_rng(0)
    samples = []
    for (backend, kind), constants in known.items():
        for _ in range(20):
            counts = {name: float(random.integers(1, 100_000)) for name in constants}
            number = sum(constants[name] * value for name, value in counts.items())
            samples.append(Sample(backend, kind, counts, round(number)))
    found = fit(samples)
    for (backend, kind), constants in known.items():
        for name, value in constants.items():
            assert found[backend][kind][name] == pytest.approx(value, rel=0.01, abs=0.01)
