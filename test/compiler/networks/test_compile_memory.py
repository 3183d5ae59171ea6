"""What a compile takes of memory, with all processes that it starts, grows with the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from small_models import make_model, node

from bench.compiling import compile_cost

MOST = 2.5
"""Times the weights: they are in memory once, while Python and compilers take their share."""


def large_model() -> onnx.ModelProto:
    """Return a network whose weights are far larger than what it computes."""
    random = np.random.default_rng(0)
    shapes = {"w1": (512, 512, 3, 3), "w2": (512, 6000), "w3": (6000, 4000), "w4": (4000, 1000)}
    weights = {
        name: random.standard_normal(shape, np.float32) * np.float32(0.02)
        for name, shape in shapes.items()
    }
    return make_model(
        [
            node("Conv", "x w1", "a", pads=[1, 1, 1, 1]),
            node("GlobalAveragePool", "a", "b"),
            node("Flatten", "b", "c"),
            node("Gemm", "c w2", "d"),
            node("Relu", "d", "e"),
            node("Gemm", "e w3", "f"),
            node("Gemm", "f w4", "y"),
        ],
        {"x": [1, 512, 14, 14]},
        weights,
    )


def test_weights_are_in_memory_once(tmp_path: Path) -> None:
    model = tmp_path / "large.onnx"
    onnx.save(large_model(), model)
    peak, weights = compile_cost(model, tmp_path, {}).peak, model.stat().st_size
    assert peak > weights
    assert peak <= MOST * weights
