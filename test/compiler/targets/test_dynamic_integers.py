"""Networks that are quantised while they run: their products are sums of bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import quantize_dynamic, QuantType
from operator_bytes import sums_of_bytes
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
    model = sums_of_bytes(type_, first)
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
