"""What several nodes compute of the same constants is computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import optimised
from small_models import assert_same, make_model, node, weights

MERGED = "merge-repeated-constants"


def test_steps_that_read_the_same_weights_share_them(tmp_path: Path) -> None:
    integers = np.arange(96, dtype=np.uint8).reshape(8, 12)
    constants = {"w": integers, "z": np.uint8(7), "same": np.uint8(7), "other": np.uint8(9)}
    nodes = []
    for step, zero in enumerate(("z", "same", "other")):
        nodes += [
            node("Cast", "w", f"float{step}", to=onnx.TensorProto.FLOAT),
            node("Cast", zero, f"zero{step}", to=onnx.TensorProto.FLOAT),
            node("Sub", f"float{step} zero{step}", f"centred{step}"),
            node("MatMul", f"x centred{step}", f"y{step}"),
        ]
    model = make_model(nodes, {"x": [2, 8]}, constants, [f"y{step}" for step in range(3)])
    graph, decisions = optimised(model, tmp_path)
    first, second, third = (value.input(1) for value in graph.nodes)
    assert first is second
    assert third is not first
    assert sum(d.pass_name == MERGED and d.done for d in decisions) == 4
    assert_same(graph, model)


def test_what_differs_in_an_attribute_stays(tmp_path: Path) -> None:
    nodes = [
        node("Transpose", "w", "a", perm=[1, 0, 2]),
        node("Transpose", "w", "b", perm=[0, 2, 1]),
        node("Sub", "a b", "d"),
        node("Add", "x d", "y"),
    ]
    model = make_model(nodes, {"x": [4, 4, 4]}, {"w": weights(4, 4, 4)})
    graph, decisions = optimised(model, tmp_path)
    assert not [d for d in decisions if d.pass_name == MERGED]
    assert_same(graph, model)
