"""What this machine gives to cores: models of one process that share their threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_perception.core.perception.model import ModelRequest
from edge_perception.environment import this_machine


def workers() -> int:
    """Return how many threads of models this process has, beside those that call them."""
    tasks = Path("/proc/self/task").iterdir()
    return sum((task / "comm").read_text().startswith("edge-") for task in tasks)


def test_models_that_want_the_same_threads_share_them(tiny_bundle: Path) -> None:
    path, before = str(tiny_bundle), workers()
    # two nodes of a process each ask for their environment
    first = this_machine().load(ModelRequest(path, threads=3))
    assert workers() == before + 2  # and the one that runs it
    second = this_machine().load(ModelRequest(path, threads=3, priority=1))
    assert workers() == before + 2
    other = this_machine().load(ModelRequest(path, threads=2))
    assert workers() == before + 3
    frame = np.full((8, 8, 3), 200, np.uint8)
    results = [model.run_image(frame, "rgb8")["scores"] for model in (first, second, other)]
    assert all(np.array_equal(results[0], result) for result in results)
    for model in (first, second, other):
        model.close()
    del first, second, other, model
    assert workers() == before
