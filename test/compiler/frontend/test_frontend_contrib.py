"""Operators that ONNX Runtime's optimiser and quantiser write, beside ONNX Runtime's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontend_cases import refused
import numpy as np
import onnx
from onnx import helper
import pytest
from small_models import assert_same, load_model, make_model, node, weights

Constants = Mapping[str, np.ndarray[Any, Any]]
UINT8, INT32, INT64 = onnx.TensorProto.UINT8, onnx.TensorProto.INT32, onnx.TensorProto.INT64


def contrib(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """Make a node of ONNX Runtime's own operators."""
    return node(op, inputs, outputs, domain="com.microsoft", **attributes)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    constants: Constants,
    types: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """Make a model whose outputs are those of all of these nodes."""
    outputs = [name for n in nodes if n.domain for name in n.output if name]
    model = make_model(nodes, inputs, constants, outputs, 17, types)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def check(model: onnx.ModelProto, folder: Path, tolerance: float = 1e-5) -> None:
    """Compare the graph with ONNX Runtime."""
    assert_same(load_model(model, folder), model, tolerance)


def test_layers_with_the_function_that_follows(tmp_path: Path) -> None:
    constants = {"k": weights(4, 3, 3, 3), "b": weights(4), "m": weights(6, 8), "c": weights(6)}
    nodes = [
        contrib("FusedConv", "x k b", "relu", activation="Relu", pads=[1] * 4),
        contrib(
            "FusedConv",
            "x k b relu",
            "leaky",
            activation="LeakyRelu",
            activation_params=[0.2],
            pads=[1] * 4,
        ),
        contrib("FusedConv", "x k", "clip", activation="Clip", activation_params=[-0.5, 1.0]),
        contrib(
            "FusedGemm",
            "a m c",
            "gemm",
            activation="LeakyRelu",
            activation_alpha=0.3,
            transB=1,
            alpha=0.5,
        ),
        contrib("FusedMatMul", "q k_", "scores", transB=1, alpha=0.25),
        contrib("FusedMatMul", "q k_", "turned", transA=1, transBatchA=1, transBatchB=1),
    ]
    inputs = {"x": [1, 3, 6, 7], "a": [5, 8], "q": [2, 3, 3, 5], "k_": [2, 3, 3, 5]}
    check(model_of(nodes, inputs, constants), tmp_path)


def test_functions_and_norms(tmp_path: Path) -> None:
    constants = {
        "scale": weights(8),
        "shift": weights(8),
        "bias": weights(8),
        "words": weights(20, 8),
        "places": weights(9, 8),
        "segments": weights(2, 8),
    }
    simple = node("SimplifiedLayerNormalization", "x scale", "simple", axis=-1, epsilon=1e-6)
    nodes = [
        simple,
        contrib("Gelu", "x", "gelu"),
        contrib("BiasGelu", "x bias", "bias_gelu"),
        contrib("FastGelu", "x bias", "fast_gelu"),
        contrib("QuickGelu", "x", "quick_gelu", alpha=1.5),
        contrib("SkipLayerNormalization", "x y scale shift bias", "skip - - sum", epsilon=1e-5),
        contrib("SkipSimplifiedLayerNormalization", "x y scale", "skip_simple", epsilon=1e-5),
        contrib(
            "EmbedLayerNormalization",
            "ids parts words places segments scale shift mask",
            "embedded count",
            epsilon=1e-5,
        ),
    ]
    nodes[5].output[1:3] = ["", ""]
    tokens = [2, 5]
    inputs = {"x": [2, 5, 8], "y": [2, 5, 8], "ids": tokens, "mask": tokens, "parts": tokens}
    types = {"ids": INT32, "mask": INT32, "parts": INT32, "count": INT32}
    model = model_of(nodes, inputs, constants | {"two": np.int32(2)}, types)
    model.graph.output.append(helper.make_tensor_value_info("simple", 1, None))
    for index, (raw, name) in enumerate((("ids", "id"), ("mask", "kept"), ("parts", "part"))):
        model.graph.node.insert(index, node("Clip", f"{raw} zero one", name))
        for reader in model.graph.node[3:]:
            reader.input[:] = [name if given == raw else given for given in reader.input]
    for name, number in (("zero", 0), ("one", 1)):
        model.graph.initializer.append(helper.make_tensor(name, INT32, [], [number]))
    check(model, tmp_path)


def test_attention(tmp_path: Path) -> None:
    constants = {
        "w": weights(8, 24),
        "b": weights(24),
        "kept": np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32),
        "lengths": np.array([3, 2], np.int32),
        "extra": weights(2, 2, 4, 4),
    }
    nodes = [
        contrib("Attention", "x w b", "plain", num_heads=2),
        contrib("Attention", "x w b kept", "masked", num_heads=2),
        contrib("Attention", "x w b lengths", "short", num_heads=2),
        contrib("Attention", "x w b - - extra", "biased", num_heads=2, scale=0.3),
        contrib("Attention", "x w b - past", "later present", num_heads=2, unidirectional=1),
        contrib("MultiHeadAttention", "x y y b", "heads", num_heads=2),
        contrib("MultiHeadAttention", "x y y - kept", "heads_masked", num_heads=2),
    ]
    inputs = {"x": [2, 4, 8], "y": [2, 4, 8], "past": [2, 2, 2, 3, 4]}
    check(model_of(nodes, inputs, constants), tmp_path)


def test_attention_of_integers(tmp_path: Path) -> None:
    constants = {
        "s": np.float32(0.02),
        "z": np.uint8(120),
        "w": np.arange(-96, 96, dtype=np.int8).reshape(8, 24),
        "w_scale": np.linspace(0.005, 0.01, 24, dtype=np.float32),
        "w_zero": np.zeros(24, np.int8),
        "b": weights(24),
        "lengths": np.array([3, 2], np.int32),
    }
    attention = "q w b s w_scale"
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        contrib("QAttention", f"{attention} lengths z w_zero", "masked", num_heads=2),
        contrib(
            "QAttention",
            f"{attention} - z - past",
            "later present",
            num_heads=2,
            unidirectional=1,
        ),
    ]
    check(model_of(nodes, {"x": [2, 4, 8], "past": [2, 2, 2, 3, 4]}, constants), tmp_path)


@pytest.mark.parametrize("tokens", [1, 3, 8])
def test_attention_with_shared_keys(tmp_path: Path, tokens: int) -> None:
    """All of a prompt of 8, one token more after 7, and three after 5."""
    images = 1 if tokens == 3 else 2  # ONNX Runtime's own limit
    constants = {
        "last": np.full([images], 7, np.int32),
        "total": np.int32(8),
        "cos": weights(12, 8),
        "sin": weights(12, 8),
        "places": np.tile(np.arange(8 - tokens, 8), (images, 1)),
    }
    cache = "past_k past_v last total"
    heads: dict[str, Any] = {"num_heads": 4, "kv_num_heads": 2}
    nodes = [
        contrib("GroupQueryAttention", f"q k v {cache}", "plain pk pv", **heads),
        contrib(
            "GroupQueryAttention", f"q k v {cache}", "near wk wv", local_window_size=3, **heads
        ),
        contrib("GroupQueryAttention", f"q k v {cache}", "both bk bv", causal=0, **heads),
        contrib(
            "GroupQueryAttention",
            f"packed - - {cache} cos sin",
            "turned tk tv",
            do_rotary=1,
            scale=0.3,
            softcap=5.0,
            **heads,
        ),
        contrib(
            "GroupQueryAttention",
            f"q k v {cache} cos sin places",
            "placed rk rv",
            do_rotary=1,
            rotary_interleaved=1,
            **heads,
        ),
    ]
    for each in nodes if tokens == 8 else []:  # nothing was kept before
        each.input[3:5] = ["", ""]
    past = {name: [images, 2, 8 - tokens, 16] for name in ("past_k", "past_v")}
    sizes = {"q": 64, "k": 32, "v": 32, "packed": 128}
    inputs = {name: [images, tokens, size] for name, size in sizes.items()}
    check(model_of(nodes, inputs | (past if tokens < 8 else {}), constants), tmp_path)


def test_how_much_was_kept_may_be_computed(tmp_path: Path) -> None:
    """What is kept has room for more."""
    constants = {"total": np.int32(9), "least": np.int32(4), "zero": np.float32(0)}
    heads: dict[str, Any] = {"num_heads": 2, "kv_num_heads": 1}
    nodes = [
        node("Greater", "level zero", "more"),
        node("Cast", "more", "whole", to=INT32),
        node("Add", "whole least", "last"),
        contrib("GroupQueryAttention", "q k v pk pv last total", "y nk nv", **heads),
    ]
    inputs = {"q": [2, 1, 32], "k": [2, 1, 16], "v": [2, 1, 16], "level": [2]}
    cache = {"pk": [2, 1, 11, 16], "pv": [2, 1, 11, 16]}
    check(model_of(nodes, inputs | cache, constants), tmp_path)


def test_tables_of_integers(tmp_path: Path) -> None:
    tables = {"words": (20, 8), "places": (9, 8), "parts": (2, 8), "scale": (8,), "shift": (8,)}
    constants: dict[str, Any] = {
        name: np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        for name, shape in tables.items()
    }
    constants |= {
        "s": np.float32(0.03),
        "z": np.uint8(100),
        "ids": np.array([[3, 7, 19]], np.int32),
    }
    constants |= {"segments": np.array([[0, 1, 1]], np.int32), "kept": np.ones((1, 3), np.int32)}
    constants |= {
        "packed": np.arange(20 * 16, dtype=np.uint16).astype(np.uint8).reshape(20, 16),
        "scales": np.abs(weights(20, 2)),
        "zeros": np.arange(20, dtype=np.uint8).reshape(20, 1),
    }
    nodes = [
        contrib(
            "QEmbedLayerNormalization",
            f"ids segments {' '.join(tables)} kept {'s ' * 5}{'z ' * 5}".strip(),
            "embedded count",
            epsilon=1e-5,
        ),
        contrib(
            "GatherBlockQuantized", "packed ids scales", "gathered", block_size=16, quantize_axis=1
        ),
        contrib(
            "GatherBlockQuantized",
            "packed ids scales zeros",
            "moved",
            block_size=16,
            quantize_axis=1,
        ),
        node("QuantizeLinear", "x s z", "q"),
        node("Greater", "x s", "large"),
        contrib("QLinearWhere", "large q s z q s z s z", "chosen"),
        contrib("ExpandDims", "x one", "expanded"),
        contrib("Pad", "x pads", "padded"),
    ]
    constants |= {"one": np.int32(1), "pads": np.array([0, 1, 0, 2])}
    check(model_of(nodes, {"x": [2, 4]}, constants, {"count": INT32, "chosen": UINT8}), tmp_path)


def test_quantised_layers(tmp_path: Path) -> None:
    constants = {
        "s": np.float32(0.05),
        "z": np.uint8(110),
        "t": np.float32(0.0213),
        "y": np.uint8(100),
        "m": np.arange(-24, 24, dtype=np.int8).reshape(6, 8),
        "m_scale": np.linspace(0.01, 0.03, 6, dtype=np.float32),
        "m_zero": np.zeros(6, np.int8),
        "bias": np.array([40, -300, 5, 0, 9, -7], np.int32),
    }
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QuantizeLinear", "a s z", "r"),
        contrib("QLinearAdd", "q s z q s z t y", "sum"),
        contrib("QLinearMul", "q s z q s z s y", "product"),
        contrib("QLinearSigmoid", "q s z t y", "sigmoid"),
        contrib("QLinearLeakyRelu", "q s z t y", "leaky", alpha=0.1),
        contrib("QLinearSoftmax", "r s z t y", "softmax", axis=1, opset=13),
        contrib("QLinearGlobalAveragePool", "q s z t y", "mean", channels_last=0),
        contrib("QLinearAveragePool", "q s z t y", "pooled", kernel_shape=[2, 2]),
        contrib("QLinearConcat", "t y q s z sum t y", "both", axis=1),
        contrib("QGemm", "r s z m m_scale m_zero bias t y", "gemm", transB=1),
        contrib("QGemm", "r s z m m_scale m_zero", "numbers", transB=1),
    ]
    quantised = [name for n in nodes[2:-1] for name in n.output]
    types = dict.fromkeys(quantised, UINT8)
    check(model_of(nodes, {"x": [1, 4, 5, 6], "a": [3, 8]}, constants, types), tmp_path)


def test_products_of_integers_that_yield_floats(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    constants = {
        "m": generator.integers(-128, 127, (32, 6), np.int8),
        "m_scale": np.float32(0.02),
        "m_zero": np.int8(3),
        "bias": weights(6),
        "packed": generator.integers(0, 255, (6, 2, 8), np.uint8),
        "scales": weights(12, low=0.1),
        "points": generator.integers(0, 255, 6, np.uint8),
    }
    nodes = [
        contrib("DynamicQuantizeMatMul", "x m m_scale m_zero bias", "dynamic"),
        contrib("MatMulNBits", "x packed scales", "bits", K=32, N=6, bits=4, block_size=16),
        contrib("MatMulNBits", "x packed scales points", "at", K=32, N=6, bits=4, block_size=16),
    ]
    check(model_of(nodes, {"x": [5, 32]}, constants), tmp_path)


def test_lstm_of_integers(tmp_path: Path) -> None:
    generator = np.random.default_rng(6)
    constants = {
        "w": generator.integers(-128, 127, (2, 5, 12), np.int8),
        "r": generator.integers(-128, 127, (2, 3, 12), np.int8),
        "b": weights(2, 24),
        "scales": np.array([0.01, 0.02], np.float32),
        "zeros": np.array([0, 3], np.int8),
    }
    how = {"hidden_size": 3, "direction": "bidirectional"}
    inputs = "x w r b - - - - scales zeros scales zeros"
    nodes = [contrib("DynamicQuantizeLSTM", inputs, "every last cell", **how)]
    check(model_of(nodes, {"x": [4, 1, 5]}, constants), tmp_path)


def test_what_is_not_supported_is_said(tmp_path: Path) -> None:
    nodes = [contrib("FusedConv", "x k", "y", activation="Swirl")]
    model = model_of(nodes, {"x": [1, 3, 6, 7]}, {"k": weights(4, 3, 3, 3)})
    refused(model, tmp_path, r"'y' \(FusedConv\) ends with the function Swirl")
    nodes = [contrib("SkipLayerNormalization", "x x k", "y mean")]
    model = model_of(nodes, {"x": [1, 3, 8]}, {"k": weights(8)})
    refused(model, tmp_path, r"the output 'mean' of node 'y' \(SkipLayerNormalization\)")
