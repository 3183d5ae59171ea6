"""Networks that are quantised while they run: their products are sums of bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import quantize_dynamic, QuantType
from operator_models import Built
import pytest
from small_models import Array, load_model, make_model, node, run

from edge_compiler import passes
from edge_perception.runtime.dtypes import FLOAT32

WEIGHTS = np.random.default_rng(0)
SUMS = ("MatMulInteger", "ConvInteger")


def numbers(*shape: int) -> Array:
    return WEIGHTS.standard_normal(shape).astype(np.float32)


def kernels(built: Built) -> list[str]:
    return [step.kernel for step in built.model.steps]


def layers(type_: type[np.uint8] | type[np.int8], first: int) -> onnx.ModelProto:
    """Return products of bytes with all kinds of weights and zero points."""
    random = np.random.default_rng(1)

    def int8(*shape: int, most: int = 127) -> Array:
        return random.integers(-most - 1, most + 1, shape, np.int8)

    constants = {
        "x_scale": np.float32(0.02),
        "x_zero": np.array(first + 117).astype(type_),
        "m": int8(50, 33),
        "extreme": np.full((50, 17), -128, np.int8),
        "uint8": random.integers(60, 200, (50, 5), np.uint8),
        "uint8_zero": np.uint8(130),
        "rows": int8(50, 6, most=63),
        "rows_zero": int8(6, most=63),
        "point": int8(37, 20, 1, 1),
        "k": int8(18, 20, 3, 3),
        "deep": int8(20, 1, 3, 3),
        "line": int8(4, 11, 3),
        "picture": int8(18, 3, 3, 3),
        "first": np.array([0, 3], np.int64),
    }
    edges = {"pads": [1, 1, 1, 1]}
    nodes = [
        node("QuantizeLinear", "x x_scale x_zero", "xq"),
        node("QuantizeLinear", "image x_scale x_zero", "image_q"),
        node("QuantizeLinear", "signal x_scale x_zero", "signal_q"),
        node("QuantizeLinear", "photo x_scale x_zero", "photo_q"),
        node("MatMulInteger", "xq m x_zero", "product"),
        node("MatMulInteger", "xq m", "without"),
        node("MatMulInteger", "xq extreme x_zero", "largest"),
        node("MatMulInteger", "xq uint8 x_zero uint8_zero", "unsigned"),
        node("MatMulInteger", "xq rows x_zero rows_zero", "each"),
        node("ConvInteger", "image_q point x_zero", "pointwise"),
        node("ConvInteger", "image_q k x_zero", "padded", **edges),
        node("ConvInteger", "image_q k", "strided", strides=[2, 2], **edges),
        node("ConvInteger", "image_q deep x_zero", "depthwise", group=20, **edges),
        node("ConvInteger", "signal_q line x_zero", "along", pads=[1, 1]),
        node("ConvInteger", "photo_q picture x_zero", "planes", strides=[2, 2], **edges),
    ]
    made = {n.output[0] for n in nodes if "Integer" in n.op_type}
    shapes = {"x": (3, 50), "image": (2, 20, 9, 11), "signal": (1, 11, 13), "photo": (1, 3, 9, 40)}
    return make_model(nodes, shapes, constants, sorted(made), types=dict.fromkeys(made, 6))


def at_both_ends(shape: tuple[int, ...]) -> Array:
    """Return numbers that become the least and the largest byte, and some between."""
    x = np.random.default_rng(2).choice(np.float32([-100, 100, 0.5]), shape)
    x[..., : shape[-1] // 2] = -100
    return np.asarray(x, np.float32)


def feeds_of(model: onnx.ModelProto) -> dict[str, Array]:
    return {
        value.name: at_both_ends(tuple(d.dim_value for d in value.type.tensor_type.shape.dim))
        for value in model.graph.input
    }


@pytest.mark.parametrize(("type_", "first"), [(np.uint8, 0), (np.int8, -128)])
def test_sums_of_bytes_are_exact(
    type_: type[np.uint8] | type[np.int8], first: int, tmp_path: Path
) -> None:
    model = layers(type_, first)
    feeds = feeds_of(model)
    with Built(model, tmp_path) as built:
        found = kernels(built)
        assert sum("int8" in kernel for kernel in found) == 11
        expected = expected_sums(model, feeds)
        for variant in built.variants:
            for name, output in built.run(variant, feeds).items():
                np.testing.assert_array_equal(output, expected[name], f"{variant} {name}")


def expected_sums(model: onnx.ModelProto, feeds: dict[str, Array]) -> dict[str, Array]:
    """Return the sums by ONNX's reference: ONNX Runtime has no kernels for some types."""
    names = [output.name for output in model.graph.output]
    return dict(zip(names, ReferenceEvaluator(model).run(None, feeds), strict=True))


def dynamic(model: onnx.ModelProto, folder: Path, weights: QuantType) -> onnx.ModelProto:
    """Return a model as ONNX Runtime's quantiser writes it."""
    onnx.save(model, folder / "float.onnx")
    quantize_dynamic(
        folder / "float.onnx", folder / "dynamic.onnx", weight_type=weights, per_channel=False
    )
    return onnx.load(folder / "dynamic.onnx")


def perceptron() -> onnx.ModelProto:
    """Return two layers of tokens, whose weights have one scale."""
    constants = {
        "a": numbers(24, 70) / np.float32(5),
        "b": numbers(70, 24) / np.float32(8),
        "bias": numbers(70),
    }
    nodes = [
        node("MatMul", "x a", "wide"),
        node("Add", "wide bias", "biased"),
        node("Relu", "biased", "positive"),
        node("MatMul", "positive b", "narrow"),
        node("Add", "narrow x", "y"),
    ]
    return make_model(nodes, {"x": [1, 9, 24]}, constants, ["y"])


def images() -> onnx.ModelProto:
    constants = {
        "k": numbers(18, 3, 3, 3) / np.float32(5),
        "k_bias": numbers(18),
        "p": numbers(20, 18, 1, 1) / np.float32(4),
    }
    nodes = [
        node("Conv", "x k k_bias", "first", pads=[1] * 4, strides=[2, 2]),
        node("Relu", "first", "positive"),
        node("Conv", "positive p", "y"),
    ]
    return make_model(nodes, {"x": [1, 3, 11, 14]}, constants, ["y"])


@pytest.mark.parametrize(
    ("make", "weights"), [(perceptron, QuantType.QInt8), (images, QuantType.QUInt8)]
)
def test_what_onnx_runtime_quantises_is_multiplied_in_integers(
    make: Callable[[], onnx.ModelProto], weights: QuantType, tmp_path: Path
) -> None:
    model = dynamic(make(), tmp_path, weights)
    graph = load_model(model, tmp_path)
    passes.optimise(graph)
    ops = [n.op for n in graph.nodes]
    layers_ = [n for n in graph.nodes if n.op in SUMS]
    assert len(layers_) >= 2
    assert not {"Round", "MatMul", "Conv"}.intersection(ops)
    if weights == QuantType.QInt8:
        assert all(layer.output.type == FLOAT32 for layer in layers_)
    feeds = {v.name: numbers(*v.shape) for v in graph.inputs}
    with Built(model, tmp_path) as built:
        for variant in built.variants:
            [(name, y)] = built.run(variant, feeds).items()
            np.testing.assert_allclose(y, built.reference(feeds)[name], rtol=0, atol=2e-6)


@pytest.mark.parametrize("size", [1, 5, 300, 20_000])
def test_numbers_become_the_bytes_of_onnx_runtime(size: int, tmp_path: Path) -> None:
    outputs = ["y", "scale", "zero"]
    nodes = [node("DynamicQuantizeLinear", "x", "y scale zero")]
    types = {"y": 2, "zero": 2}
    model = make_model(nodes, {"x": [size]}, {}, outputs, types=types)
    given = [numbers(size), numbers(size) + 9, -np.abs(numbers(size)), np.zeros(size, np.float32)]
    with Built(model, tmp_path) as built:
        assert len(built.model.steps) == 4
        for x in given:
            expected = run(model, {"x": x})
            for variant in built.variants:
                found = built.run(variant, {"x": x})
                for name, array in zip(outputs, expected, strict=True):
                    np.testing.assert_array_equal(found[name], array, f"{variant} {name}")
