"""TensorFlow.js's graphs as ONNX: a small one made here, against NumPy; damaged ones."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import onnxruntime
import pytest

from edge_compiler.errors import CompileError
from edge_compiler.zoo.tfjs import convert
from edge_compiler.zoo.tfjs.graph import read_weights

RANDOM = np.random.default_rng(0)
KERNEL = RANDOM.standard_normal((1, 1, 3, 4)).astype(np.float16)  # rows, columns, in, out
BIAS = RANDOM.standard_normal(4).astype(np.float16)
NAMES = {"in": "image", "out": "result"}


def small() -> tuple[dict[str, Any], bytes]:
    """Return a graph and its weights: a convolution, a pooling, a concatenation, rows of it."""
    constants: dict[str, Any] = {
        "last": [0, 2, 3, 1],
        "first": [0, 3, 1, 2],
        "kernel": KERNEL,
        "bias": BIAS,
        "pads": [[0, 0], [1, 1], [1, 1], [0, 0]],
        "low": np.float16(-6e4),
        "axis": 1,
        "shape": [1, 8, -1],
        "back": [0, 2, 1],
    }
    manifest, data, nodes = [], b"", []
    for name, value in constants.items():
        array = np.asarray(value)
        is_float = array.dtype.kind == "f"
        array = array.astype(np.float16 if is_float else np.int32)
        entry = {"name": name, "shape": list(array.shape), "dtype": "int32"}
        if is_float:
            entry |= {"dtype": "float32", "quantization": {"dtype": "float16"}}
        manifest.append(entry)
        data += array.tobytes()
        nodes.append({"name": name, "op": "Const", "attr": {}})

    def add(op: str, name: str, *inputs: str, **attributes: Any) -> None:
        nodes.append({"name": name, "op": op, "input": list(inputs), "attr": attributes})

    padding = {"padding": {"s": base64.b64encode(b"VALID").decode()}}
    ones, twos = ({"list": {"i": list(map(str, numbers))}} for numbers in ([1] * 4, [1, 2, 2, 1]))
    add("Placeholder", "in")
    add("Transpose", "turned", "in", "last")
    add("Conv2D", "conv", "turned", "kernel", strides=ones, dilations=ones, **padding)
    add("Add", "biased", "conv", "bias")
    add("LeakyRelu", "bent", "biased", alpha={"f": 0.1})
    add("PadV2", "padded", "bent", "pads", "low")
    three = {"list": {"i": ["1", "3", "3", "1"]}}
    add("MaxPool", "pooled", "padded", ksize=three, strides=twos, **padding)
    add("Transpose", "image", "pooled", "first")
    add("ConcatV2", "both", "image", "image", "axis")
    add("Reshape", "flat", "both", "shape")
    add("Transpose", "rows", "flat", "back")
    add("Identity", "out", "rows")

    def info(*shape: int) -> dict[str, Any]:
        return {"tensorShape": {"dim": [{"size": str(size)} for size in shape]}}

    graph = {
        "signature": {"inputs": {"in:0": info(1, 3, 5, 7)}, "outputs": {"out:0": info(1, 12, 8)}},
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"weights": manifest}],
    }
    return graph, data


GRAPH, WEIGHTS = small()
TEXT = json.dumps(GRAPH).encode()


def test_a_graph_computes_what_it_says() -> None:
    image = RANDOM.standard_normal((1, 3, 5, 7)).astype(np.float32)
    model = convert(TEXT, WEIGHTS, "small", NAMES)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(["result"], {"image": image})
    x = np.einsum("nihw,io->nohw", image, KERNEL[0, 0].astype(np.float32))
    x += BIAS.astype(np.float32)[:, None, None]
    x = np.where(x > 0, x, 0.1 * x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    x = windows.max((-2, -1))
    expected = np.concatenate([x, x], 1).reshape(1, 8, -1).transpose(0, 2, 1)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


def fused(*functions: str) -> tuple[bytes, bytes, np.ndarray]:
    """Return a graph of a depthwise convolution and one behind it, fused, and both kernels."""
    kernels = RANDOM.standard_normal((2, 1, 1, 3, 3)).astype(np.float32)
    deep = kernels[0].reshape(1, 1, 9, 1)[:, :, :3]
    weights = {"deep": deep, "wide": kernels[1], "ones": np.ones(3)}
    ones = {"list": {"i": ["1"] * 4}}
    listed = [base64.b64encode(one.encode()).decode() for one in functions]
    attributes = {
        "padding": {"s": base64.b64encode(b"SAME").decode()},
        "strides": ones,
        "dilations": ones,
        "fused_ops": {"list": {"s": listed}},
    }
    nodes: list[dict[str, Any]] = [{"name": name, "op": "Const", "attr": {}} for name in weights]
    nodes.append({"name": "in", "op": "Placeholder", "attr": {}})
    for op, name, *read in (
        ("FusedDepthwiseConv2dNative", "first", "in", "deep", "ones"),
        ("_FusedConv2D", "out", "first", "wide", "ones"),
    ):
        nodes.append({"name": name, "op": op, "input": read, "attr": attributes})
    manifest = [
        {"name": name, "shape": list(array.shape), "dtype": "float32"}
        for name, array in weights.items()
    ]
    described = {"tensorShape": {"dim": [{"size": str(size)} for size in (1, 4, 5, 3)]}}
    graph = {
        "signature": {"inputs": {"in:0": described}, "outputs": {"out:0": described}},
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"weights": manifest}],
    }
    data = b"".join(array.astype(np.float32).tobytes() for array in weights.values())
    return json.dumps(graph).encode(), data, kernels


def test_fused_convolutions_with_channels_first() -> None:
    text, data, kernels = fused("BiasAdd", "Relu6")
    model = convert(text, data, "fused", NAMES, channels_first=True)
    assert "Transpose" not in [node.op_type for node in model.graph.node]
    image = 3 * RANDOM.standard_normal((1, 3, 4, 5)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(["result"], {"image": image})
    deep = kernels[0].reshape(-1)[:3, None, None]
    x = np.clip(image * deep + 1, 0, 6)
    expected = np.clip(np.einsum("nihw,io->nohw", x, kernels[1, 0, 0]) + 1, 0, 6)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


def test_what_is_fused_must_be_known() -> None:
    text, data, _ = fused("BiasAdd", "Elu")
    with pytest.raises(CompileError, match=r"what first is fused with is not known.*Elu"):
        convert(text, data, "fused", NAMES)


def test_transpositions_are_written_only_where_they_count() -> None:
    model = convert(TEXT, WEIGHTS, "small", NAMES)
    assert [node.op_type for node in model.graph.node].count("Transpose") == 1


def test_weights_may_be_stored_as_steps() -> None:
    manifest = [
        {"name": "a", "shape": [2], "dtype": "int32"},
        {
            "name": "b",
            "shape": [3],
            "dtype": "float32",
            "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
        },
        {"name": "c", "shape": [], "dtype": "float32"},
    ]
    data = np.array([7, 8], "<i4").tobytes() + bytes([0, 2, 255]) + np.float32(0.25).tobytes()
    weights = read_weights([{"weights": manifest[:2]}, {"weights": manifest[2:]}], data)
    assert weights["a"].tolist() == [7, 8]
    assert weights["b"].tolist() == [-1, 0, 126.5]
    assert weights["c"] == 0.25


def test_an_unknown_operator_is_named() -> None:
    text = TEXT.replace(b"LeakyRelu", b"Wobble")
    with pytest.raises(CompileError, match="the operator Wobble is not known"):
        convert(text, WEIGHTS, "small", NAMES)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 40))
def test_a_damaged_graph_is_refused_or_is_another_model(
    place: int, change: bytes, missing: int
) -> None:
    damaged = TEXT[:place] + change + TEXT[place + len(change) :]
    with contextlib.suppress(CompileError):
        convert(damaged, WEIGHTS[: len(WEIGHTS) - missing], "small", NAMES)
