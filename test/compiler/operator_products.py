"""Models of products, of what else transformers have, and of recurrent networks."""

from __future__ import annotations

import numpy as np
import onnx
from operator_builder import Builder, LINE


def products() -> onnx.ModelProto:
    """Layers of a row, one with a sum long enough to be added up in parts."""
    b = Builder(v=(1, 37), line=(1, LINE))
    bias = b.constant(b.numbers(18))
    b.add(
        "gemm", "Gemm", f"v {b.constant(b.numbers(18, 37))} {bias}", transB=1, alpha=0.5, beta=2.0
    )
    b.add("gemm_long", "Gemm", f"line {b.constant(b.numbers(LINE, 18) * 0.02)} {bias}")
    b.add("matmul", "MatMul", f"v {b.constant(b.numbers(37, 20))}")
    b.add("softmax", "Softmax", "v", axis=1)
    return b.model()


def matrices() -> onnx.ModelProto:
    """Products of computed matrices and batches of them, whose sizes fit no tile."""
    b = Builder(a=(7, 37), turned=(37, 7), w=(37, 50), q=(2, 3, 17, 24), k=(3, 24, 19), u=(24,))
    b.inputs |= {"long": (3, LINE)}
    c, numbers = b.constant(b.numbers(7, 1)), b.constant(b.numbers(50, 37))
    b.add("gemm_computed", "Gemm", f"a w {c}", alpha=0.5, beta=2.0)
    b.add(
        "gemm_turned", "Gemm", f"turned {numbers} {b.constant(b.numbers(50))}", transA=1, transB=1
    )
    b.add("rows", "MatMul", f"q {b.constant(b.numbers(24, 33))}")
    b.add("rows_long", "MatMul", f"long {b.constant(b.numbers(LINE, 18) * 0.02)}")
    b.add("batch", "MatMul", "q k")
    b.inner.add(b.add("scores", "MatMul", "q k"))
    b.add("batch_tanh", "Tanh", "scores")
    b.add("column", "MatMul", "q u")
    b.add("row", "MatMul", "u k")
    return b.model()


def attention() -> onnx.ModelProto:
    """Products with Softmax in between, in one step; their sizes fit no tile and no strip."""
    b = Builder(q=(2, 3, 37, 24), k=(2, 3, 24, 41), v=(3, 41, 20), rows=(90, 18), few=(8, 12))

    def attend(name: str, scores: str, values: str) -> None:
        shares = b.add(f"{name}_shares", "Softmax", scores, axis=-1)
        b.inner |= {scores, shares}
        b.add(name, "MatMul", f"{shares} {values}")

    b.inner.add(b.add("asking", "Mul", f"q {b.constant(0.2)}"))
    attend("attended", b.add("alike", "MatMul", "asking k"), "v")
    b.inner.add(b.add("products", "MatMul", "q k"))
    b.inner.add(b.add("added", "Add", f"products {b.constant(b.numbers(41))}"))
    attend("attended_row", b.add("scaled", "Mul", f"added {b.constant(0.3)}"), "v")
    b.inner.add(b.add("logits", "Gemm", "rows rows", transB=1, alpha=0.5))
    attend("attended_tanh", b.add("bounded", "Tanh", "logits"), b.constant(b.numbers(90, 33)))
    many = b.add("many", "MatMul", f"few {b.constant(b.numbers(5, 12, LINE))}")
    attend("attended_long", many, b.constant(b.numbers(5, LINE, 18)))
    return b.model()


def tokens() -> onnx.ModelProto:
    """Values of any rank that broadcast, reductions, normalisation: the rest of a transformer."""
    b = Builder(t=(2, 9, 21), u=(9, 1), v=(2, 1, 21), n=(3, 2, 5, 4, 2), m=(3, 1, 5, 1, 2))
    scale, shift = b.constant(b.numbers(21, low=0.5, high=2)), b.constant(b.numbers(21))
    b.add("norm", "LayerNormalization", f"t {scale} {shift}", epsilon=1e-3)
    rows = b.constant(b.numbers(9, 21, low=0.5, high=2))
    b.add("norm_rows", "LayerNormalization", f"t {rows}", axis=1, epsilon=0.5)
    b.add("outer_sum", "Add", "u v")
    b.add("gate", "Mul", "t u")
    b.add("ranks", "Sub", "m n")
    b.add("ratio", "Div", f"n {b.constant(b.numbers(4, 1, low=0.5, high=2))}")
    b.add("mean_rows", "ReduceMean", f"t {b.constant([1])}", keepdims=0)
    b.add("sum_last", "ReduceSum", f"t {b.constant([-1])}")
    b.add("largest", "ReduceMax", f"n {b.constant([2, 3])}")
    b.add("least", "ReduceMin", f"n {b.constant([0, 1])}")
    b.add("product", "ReduceProd", f"t {b.constant([0])}", keepdims=0)
    b.add("squares", "ReduceSumSquare", f"t {b.constant([1])}")
    b.add("length", "ReduceL2", f"t {b.constant([-1])}")
    b.add("sizes", "ReduceL1", f"t {b.constant([-1])}")
    b.add("softmax_first", "Softmax", "t", axis=0)
    b.add("turned", "Transpose", "n", perm=[4, 2, 0, 1, 3])
    b.add("apart", "ReduceMean", f"n {b.constant([0, 2, 4])}")
    b.inner.add(b.add("positive", "Softplus", "t"))
    b.add("log_sum", "ReduceLogSum", f"positive {b.constant([1])}", keepdims=0)
    b.add("log_sum_exp", "ReduceLogSumExp", f"t {b.constant([-1])}")
    b.add("running", "CumSum", f"t {b.constant(np.int64(1))}", exclusive=1, reverse=1)
    return b.model()


_UNITS, _FEATURES = 20, 11
"""Of recurrent networks; neither fills a block."""


def sequences() -> onnx.ModelProto:
    """Recurrent networks over a sequence of two elements side by side, and of a single step."""
    b = Builder(s=(5, 2, _FEATURES), one=(1, 1, _FEATURES), h=(1, 1, _UNITS), c=(1, 1, _UNITS))

    def weights(gates: int, directions: int, extra: int = 0) -> str:
        gated = gates * _UNITS
        shapes = [(gated, _FEATURES), (gated, _UNITS), (2 * gated,), (extra * _UNITS,)]
        arrays = (b.numbers(directions, *shape, low=-0.5, high=0.5) for shape in shapes)
        return " ".join(b.constant(array) for array in arrays if array.size)

    size = {"hidden_size": _UNITS}
    both = {"direction": "bidirectional", **size}
    b.add("rnn rnn_last", "RNN", f"s {weights(1, 1)}", direction="reverse", **size)
    kinds = {"activations": ["Relu", "HardSigmoid"], "activation_alpha": [0.3], "clip": 0.4}
    b.add("gru gru_last", "GRU", f"s {weights(3, 2)}", **both)
    b.add("gru_after", "GRU", f"s {weights(3, 1)}", linear_before_reset=1, **kinds, **size)
    b.add("lstm lstm_last lstm_cells", "LSTM", f"s {weights(4, 2)}", **both)
    w, r, bias, peepholes = weights(4, 1, 3).split()
    start = f"one {w} {r} {bias} - h c {peepholes}"
    b.add("step step_h step_c", "LSTM", start, **size)
    b.add("coupled", "LSTM", start, input_forget=1, clip=0.3, **size)
    return b.model()
