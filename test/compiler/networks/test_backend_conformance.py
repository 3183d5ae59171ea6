"""A sample of ONNX's own tests of operators, the same each time: right, or refused."""

from __future__ import annotations

import random

from bench.operators import best_of_host, cases, judge

SAMPLE = 150


def test_a_sample_of_onnx_backend_tests() -> None:
    """Most are of element types or shapes that networks have, and must not be refused."""
    sample = random.Random(0).sample(list(cases()), SAMPLE)
    refusals = list(filter(None, judge(sample, best_of_host()).values()))
    assert len(refusals) < SAMPLE / 2
