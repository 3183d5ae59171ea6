"""ONNX Runtime's sums of bytes are exact, on processors whose instructions saturate, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, TensorProto
import pytest
from small_models import Array, make_model, node

from edge_compiler.onnx_runtime.reference import Reference
from edge_perception.runtime.manifest import Tensor

TERMS, COLUMNS, ROWS = 96, 20, 5
SCALE, RESULTS = np.float32(2**-6), np.float32(64)


def extremes(type_: type[np.uint8] | type[np.int8], *shape: int) -> Array:
    """Return bytes of which two neighbouring products are more than 16 bits hold."""
    info, random = np.iinfo(type_), np.random.default_rng(1)
    return np.where(random.random(shape) < 0.2, info.min, info.max).astype(type_)


BYTES, WEIGHTS = extremes(np.uint8, ROWS, TERMS), extremes(np.int8, TERMS, COLUMNS)
KERNEL = np.ascontiguousarray(WEIGHTS.T)[:, :, None, None]
CONSTANTS = {"w": WEIGHTS, "x_zero": np.uint8(9), "s": SCALE, "t": RESULTS}


def results(model: onnx.ModelProto, folder: Path, x: Array) -> list[Array]:
    """Return a model's outputs for x."""
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, folder / "model.onnx")
    inputs = [Tensor("x", x.shape, x.dtype.name)]
    return list(Reference(folder / "model.onnx", inputs, []).run({"x": x}).values())


@pytest.mark.parametrize("zero", [None, 0, 3, -128])
def test_sums_of_two_products_with_the_same_weights(zero: int | None, tmp_path: Path) -> None:
    given = "x w x_zero" if zero is None else "x w x_zero w_zero"
    constants = CONSTANTS | ({} if zero is None else {"w_zero": np.int8(zero)})
    nodes = [node("MatMulInteger", given, name) for name in "yz"]
    types = {"x": TensorProto.UINT8, "y": TensorProto.INT32, "z": TensorProto.INT32}
    model = make_model(nodes, {"x": [ROWS, TERMS]}, constants, ["y", "z"], types=types)
    expected = (BYTES.astype(int) - 9) @ (WEIGHTS.astype(int) - (zero or 0))
    for found in results(model, tmp_path, BYTES):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("op", ["QLinearMatMul", "QLinearConv"])
def test_bytes(op: str, tmp_path: Path) -> None:
    conv = op == "QLinearConv"
    constants = CONSTANTS | {"w": KERNEL if conv else WEIGHTS, "w_zero": np.int8(0)}
    x = np.ascontiguousarray(BYTES.T)[None, :, :, None] if conv else BYTES
    types = {"x": TensorProto.UINT8, "y": TensorProto.UINT8}
    nodes = [node(op, "x s x_zero w s w_zero t x_zero", "y")]
    model = make_model(nodes, {"x": list(x.shape)}, constants, types=types)
    sums = (BYTES.astype(int) - 9) @ WEIGHTS.astype(int)
    expected = np.clip(np.rint(sums * (SCALE * SCALE / RESULTS)) + 9, 0, 255)
    [y] = results(model, tmp_path, x)
    np.testing.assert_array_equal(y[0, :, :, 0].T if conv else y, expected)


def test_floats(tmp_path: Path) -> None:
    """What ONNX Runtime makes bytes of itself: the range is that of bytes, the scale is one."""
    model = make_model(
        [node("DynamicQuantizeMatMul", "x w s", "y", domain="com.microsoft")],
        {"x": [ROWS, TERMS]},
        CONSTANTS,
    )
    [y] = results(model, tmp_path, BYTES.astype(np.float32))
    np.testing.assert_array_equal(y, BYTES.astype(int) @ WEIGHTS.astype(int) * SCALE)
