"""Products read what is only transposed or scaled where it lies, its axes in any order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import make_model, node, run, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import load

INPUTS = {"q": (2, 17, 3, 24), "k": (2, 19, 3, 24), "v": (2, 19, 3, 20), "w": (24, 33), "u": (24,)}
CONSTANTS = {
    "small": np.array(0.2, np.float32),
    "each": np.array([0.5, 2, 3], np.float32).reshape(3, 1, 1),
}
ATTENTION = [
    node("Transpose", "q", "heads", perm=[0, 2, 1, 3]),
    node("Mul", "heads small", "scaled"),
    node("Transpose", "k", "keys", perm=[0, 2, 3, 1]),
    node("MatMul", "scaled keys", "scores"),
    node("Softmax", "scores", "shares", axis=-1),
    node("Transpose", "v", "values", perm=[0, 2, 1, 3]),
    node("MatMul", "shares values", "mixed"),
]
READ_WHERE_THEY_LIE = [
    *ATTENTION,
    node("Transpose", "w", "columns", perm=[1, 0]),
    node("Transpose", "columns", "again", perm=[1, 0]),
    node("MatMul", "heads again", "rows"),
    node("MatMul", "columns u", "turned"),
    node("MatMul", "u again", "row"),
    node("Gemm", "columns w", "square", alpha=0.5),
    node("Gemm", "columns again", "square_back", transA=1, transB=1),
]
ASKED_FOR = [
    node("Transpose", "q", "heads", perm=[0, 2, 1, 3]),
    node("Transpose", "k", "keys", perm=[0, 2, 3, 1]),
    node("Mul", "heads each", "weighted"),
    node("MatMul", "weighted keys", "scores"),
    node("Tanh", "keys", "other"),
    node("Transpose", "scores", "back", perm=[0, 1, 3, 2]),
    node("Identity", "back", "result"),
]


@pytest.mark.parametrize(
    ("nodes", "outputs", "moves"),
    [
        (READ_WHERE_THEY_LIE, "scores mixed rows turned row square square_back", []),
        (ASKED_FOR, "scores other result", ["heads", "weighted", "keys", "result"]),
    ],
)
def test_products_read_through_transpositions_and_scales(
    nodes: Sequence[onnx.NodeProto],
    outputs: str,
    moves: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    read = {name for item in nodes for name in item.input}
    inputs = {name: shape for name, shape in INPUTS.items() if name in read}
    constants = {name: array for name, array in CONSTANTS.items() if name in read}
    model, path = make_model(nodes, inputs, constants, outputs.split()), tmp_path / "model.onnx"
    onnx.save(model, path)
    compile_model(path, tmp_path / "model.edge", Options(), lambda *_: None)
    random = np.random.default_rng(5)
    feeds = {name: random.uniform(-1, 1, s).astype(np.float32) for name, s in inputs.items()}
    for threads in (1, 3):
        with load(tmp_path / "model.edge", threads=threads) as loaded:
            results = loaded.run(feeds)
            steps = loaded.manifest.model.steps
        moved = [s.value for s in steps if s.kernel.startswith(("copy", "channel affine", "to "))]
        assert sorted(moved) == sorted(moves)
        for name, expected in zip(outputs.split(), run(model, feeds), strict=True):
            np.testing.assert_allclose(results[name], expected, rtol=1e-4, atol=1e-5)
