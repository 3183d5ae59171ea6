"""A vision transformer of one block compiles, is proven and runs as in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import Array, make_model, node, run, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import load

WIDTH, HEADS, PATCHES, CLASSES = 24, 2, 9, 5
TOKENS, SIZE = PATCHES + 1, WIDTH // HEADS


class Transformer:
    """Writes the nodes that PyTorch's exporter makes of a vision transformer, weights seeded."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}

    def constant(self, array: Array | list[int] | float) -> str:
        name = f"c{len(self.constants)}"
        data = np.asarray(array)
        self.constants[name] = data.astype(np.float32) if data.dtype == np.float64 else data
        return name

    def weights(self, *shape: int, spread: float = 1.0, around: float = 0.0) -> str:
        return self.constant(self._random.normal(around, spread, shape))

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(node(op, " ".join(inputs), name, **attributes))
        return name

    def reshape(self, x: str, *shape: int) -> str:
        return self.add("Reshape", x, self.constant(list(shape)))

    def linear(self, x: str, inputs: int, outputs: int) -> str:
        product = self.add("MatMul", x, self.weights(inputs, outputs, spread=inputs**-0.5))
        return self.add("Add", self.weights(outputs), product)

    def norm(self, x: str) -> str:
        scale, shift = self.weights(WIDTH, spread=0.1, around=1.0), self.weights(WIDTH)
        return self.add("LayerNormalization", x, scale, shift)

    def written_norm(self, x: str) -> str:
        """Normalise as exporters did before there was an operator for it."""
        axes = self.constant([-1])
        centred = self.add("Sub", x, self.add("ReduceMean", x, axes))
        squares = self.add("ReduceMean", self.add("Pow", centred, self.constant(2.0)), axes)
        deviation = self.add("Sqrt", self.add("Add", squares, self.constant(1e-5)))
        scaled = self.add("Mul", self.add("Div", centred, deviation), self.weights(WIDTH))
        return self.add("Add", scaled, self.weights(WIDTH))

    def gelu(self, x: str) -> str:
        erf = self.add("Erf", self.add("Div", x, self.constant(np.sqrt(2.0))))
        return self.add(
            "Mul", self.add("Mul", x, self.add("Add", erf, self.constant(1.0))), self.constant(0.5)
        )

    def attention(self, x: str, batch: int) -> str:
        joint = self.reshape(self.linear(x, WIDTH, 3 * WIDTH), batch, TOKENS, 3, HEADS, SIZE)
        apart = self.add("Transpose", joint, perm=[2, 0, 3, 1, 4])
        q, k, v = (
            self.add(
                "Squeeze",
                self.add("Slice", apart, *map(self.constant, ([i], [i + 1], [0]))),
                self.constant([0]),
            )
            for i in range(3)
        )
        turned = self.add("Transpose", k, perm=[0, 1, 3, 2])
        scores = self.add("MatMul", self.add("Mul", q, self.constant(SIZE**-0.5)), turned)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), v)
        joined = self.add("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(self.reshape(joined, batch, TOKENS, WIDTH), WIDTH, WIDTH)

    def model(self, batch: int) -> onnx.ModelProto:
        patches = self.add("Conv", "x", self.weights(WIDTH, 3, 4, 4, spread=0.1), strides=[4, 4])
        rows = self.add("Transpose", self.reshape(patches, batch, WIDTH, PATCHES), perm=[0, 2, 1])
        first = self.add("Concat", self.weights(batch, 1, WIDTH), rows, axis=1)
        x = self.add("Add", first, self.weights(1, TOKENS, WIDTH, spread=0.3))
        x = self.add("Add", x, self.attention(self.norm(x), batch))
        hidden = self.gelu(self.linear(self.written_norm(x), WIDTH, 2 * WIDTH))
        x = self.add("Add", x, self.linear(hidden, 2 * WIDTH, WIDTH))
        mean = self.add("ReduceMean", self.norm(x), self.constant([1]), keepdims=0)
        head = self.weights(CLASSES, WIDTH, spread=WIDTH**-0.5)
        self.nodes.append(node("Gemm", f"{mean} {head}", "scores", transB=1))
        return make_model(self.nodes, {"x": [batch, 3, 12, 12]}, self.constants, ["scores"])


@pytest.mark.parametrize("batch", [1, 2])
def test_vision_transformer(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    model, path = Transformer().model(batch), tmp_path / "transformer.onnx"
    onnx.save(model, path)
    compile_model(path, tmp_path / "transformer.edge", Options(), lambda *_: None)
    x = np.random.default_rng(1).uniform(-1, 1, (batch, 3, 12, 12)).astype(np.float32)
    (expected,) = run(model, {"x": x})
    with load(tmp_path / "transformer.edge") as loaded:
        result = loaded.run({"x": x})["scores"]
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
