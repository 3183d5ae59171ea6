"""Products of bfloat16: the same as ONNX Runtime's of rounded numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from operator_models import OPERATOR_MODELS
import pytest
from small_models import run as run_model
from small_models import runs_here

from edge_compiler.compile import compile_model, Options
from edge_compiler.float64.bfloat16 import rounded
from edge_compiler.targets.program.variants import AVX512BF16
from edge_perception.runtime import load, read_manifest
from edge_perception.runtime.manifest import OPERANDS

Array = np.ndarray[Any, Any]


def _bfloat16(array: Array) -> Array:
    """Return the nearest numbers of bfloat16, as another library rounds."""
    result: Array = array.astype(ml_dtypes.bfloat16).astype(np.float32)
    return result


def _layer(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    """Return the part of a model that computes an output, with rounded weights but not biases."""
    part = onnx.utils.Extractor(model).extract_model(
        [value.name for value in model.graph.input], [output]
    )
    for tensor in part.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.ndim > 1:
            tensor.CopyFrom(onnx.numpy_helper.from_array(_bfloat16(array), tensor.name))
    return part


def _inputs(model: onnx.ModelProto) -> Mapping[str, Array]:
    generator = np.random.default_rng(5)
    return {
        value.name: generator.normal(
            size=[d.dim_value for d in value.type.tensor_type.shape.dim]
        ).astype(np.float32)
        for value in model.graph.input
    }


def test_layers_multiply_rounded_numbers_exactly(tmp_path: Path) -> None:
    if not runs_here(AVX512BF16):
        pytest.skip("this processor has no products of bfloat16")
    model, path = OPERATOR_MODELS["halves"](), tmp_path / "model.onnx"
    onnx.save(model, path)
    compile_model(path, tmp_path / "model.edge", Options(), lambda *_: None)
    compiled = read_manifest(tmp_path / "model.edge").model
    assert compiled.rounding_variants == compiled.variants[:1] == (AVX512BF16.name,)
    layers = [step.name for step in compiled.steps if step.rounds == OPERANDS]
    assert {"half_strided", "half_pointwise", "half_dilated", "half_planes"} <= set(layers)
    assert {"half_phases", "half_phases_large"} <= set(layers)
    inputs = _inputs(model)
    with load(tmp_path / "model.edge", variant=AVX512BF16.name) as loaded:
        results = loaded.run(inputs)
    for name in layers:
        layer = _layer(model, name)
        given = {value.name: _bfloat16(inputs[value.name]) for value in layer.graph.input}
        [expected] = run_model(layer, given)
        np.testing.assert_allclose(results[name], expected, rtol=1e-4, atol=1e-5)


def test_rounding_is_to_the_nearest_even() -> None:
    numbers = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    halfway = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 0, 2**-130], np.float32)
    for array in (numbers, halfway):
        assert np.array_equal(rounded(array), _bfloat16(array).astype(np.float64))
