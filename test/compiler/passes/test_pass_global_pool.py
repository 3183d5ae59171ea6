"""The mean over a whole image is recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import IMAGE, ops, optimised
import pytest
from small_models import make_model, node


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (node("ReduceMean", "x axes", "y"), ["GlobalAveragePool"]),
        (node("ReduceMean", "x axes", "y", keepdims=0), ["GlobalAveragePool", "Reshape"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 6]), ["GlobalAveragePool"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 5]), ["AveragePool"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 6], pads=[0, 1, 0, 0]), ["AveragePool"]),
    ],
)
def test_global_pool(tmp_path: Path, pool: onnx.NodeProto, expected: list[str]) -> None:
    model = make_model([pool], IMAGE, {"axes": np.array([-1, 2])})
    assert ops(optimised(model, tmp_path)[0]) == expected
