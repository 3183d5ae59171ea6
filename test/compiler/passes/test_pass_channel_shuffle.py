"""The channel shuffle of ShuffleNet is recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import ops, optimised
import pytest
from small_models import make_model, node


@pytest.mark.parametrize("type_", [onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8])
@pytest.mark.parametrize("permutation", [[0, 2, 1, 3, 4], [0, 2, 1, 4, 3]])
def test_channel_shuffle(tmp_path: Path, permutation: list[int], type_: int) -> None:
    model = make_model(
        [
            node("Reshape", "x split", "a"),
            node("Transpose", "a", "b", perm=permutation),
            node("Reshape", "b joined", "y"),
        ],
        {"x": [1, 6, 3, 3]},
        {"split": np.array([1, 2, 3, 3, 3]), "joined": np.array([1, 6, 3, 3])},
        types={"x": type_, "y": type_},
    )
    graph, _ = optimised(model, tmp_path)
    if permutation[3] == 3 and type_ == onnx.TensorProto.FLOAT:
        assert ops(graph) == ["ChannelShuffle"]
        assert graph.nodes[0].attributes == {"groups": 2}
    else:
        assert ops(graph) == ["Reshape", "Transpose", "Reshape"]
