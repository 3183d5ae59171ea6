"""Pad becomes part of the layer after it where that is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pass_cases import CONV, conv, IMAGE, ops, optimised
import pytest
from small_models import make_model, node


@pytest.mark.parametrize(
    ("pool", "attributes", "fused"),
    [
        ("Conv", {}, True),
        ("AveragePool", {"kernel_shape": [3, 3]}, True),
        ("AveragePool", {"kernel_shape": [2, 2]}, False),
        ("AveragePool", {"kernel_shape": [3, 3], "ceil_mode": 1, "strides": [2, 2]}, False),
        ("AveragePool", {"kernel_shape": [4, 4], "pads": [1, 1, 1, 1]}, False),
        (
            "AveragePool",
            {"kernel_shape": [4, 4], "pads": [1, 1, 1, 1], "count_include_pad": 1},
            True,
        ),
        ("MaxPool", {"kernel_shape": [3, 3]}, False),
    ],
)
def test_padding(tmp_path: Path, pool: str, attributes: dict[str, Any], fused: bool) -> None:
    operands = "a w bias" if pool == "Conv" else "a"
    model = make_model(
        [node("Pad", "x pads", "a"), node(pool, operands, "y", **attributes)],
        IMAGE,
        {"pads": np.array([0, 0, 1, 2, 0, 0, 2, 0])} | (CONV if pool == "Conv" else {}),
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ([pool] if fused else ["Pad", pool])
    assert [d.done for d in decisions] == [fused]


def test_zeros_before_max_pool_are_padding_after_relu(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Relu", "x", "a"),
            node("Pad", "a pads - axes", "b"),
            node("MaxPool", "b", "y", kernel_shape=[3, 3], strides=[2, 2]),
        ],
        IMAGE,
        {"pads": np.array([1, 1, 1, 1]), "axes": np.array([-1, 2])},
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Relu", "MaxPool"]


@pytest.mark.parametrize("value", [1.0, None])
def test_other_padding_stays(tmp_path: Path, value: float | None) -> None:
    """Padding by ones, and padding of channels."""
    pads = [0, 0, 1, 1, 0, 0, 1, 1] if value else [0, 1, 0, 0, 0, 0, 0, 0]
    model = make_model(
        [node("Pad", "x pads value", "a"), conv("a", "y", "w")],
        {"x": [1, 4 if value else 3, 6, 6]},
        CONV | {"pads": np.array(pads), "value": np.float32(value or 0)},
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Pad", "Conv"]
