"""Files that are no models, or damaged ones."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from frontend_cases import conv_model, IMAGE
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.passes import optimise


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"no model file .*gone\.onnx"):
        load(tmp_path / "gone.onnx")
    for content in (b"", b"\x00" * 100, bytes(range(256))):
        path = tmp_path / "model.onnx"
        path.write_bytes(content)
        with pytest.raises(CompileError, match="is not an ONNX model, or it is truncated"):
            load(path)


def test_a_file_larger_than_onnx_can_be(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as stream:
        stream.truncate(2**31)  # sparse: takes no space
    with pytest.raises(CompileError, match="external data"):
        load(path)


def test_truncated_files(tmp_path: Path) -> None:
    content = conv_model().SerializeToString()
    path = tmp_path / "model.onnx"
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(CompileError):
            load(path)


def test_what_is_fuzzed_is_a_good_model(tmp_path: Path) -> None:
    graph = load_model(FUZZED, tmp_path)
    optimise(graph)
    assert_same(graph, FUZZED)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_changed_bytes(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    """Whatever byte changes, there is a graph or a CompileError: no crash, no other exception."""
    content = bytearray(FUZZED.SerializeToString())
    for place, byte in changes:
        content[int(place * len(content))] = byte
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with suppress(CompileError):
        optimise(load(path))


FUZZED = make_model(
    [
        node("Pad", "x pads", "p"),
        node("Conv", "p w bias", "a", strides=[2, 2], auto_pad="SAME_UPPER", dilations=[1, 1]),
        node("Mul", "a bias3", "s"),
        node("Relu", "s", "b"),
        node("AveragePool", "b", "c", kernel_shape=[2, 2], ceil_mode=1),
        node("BatchNormalization", "c bias bias bias bias", "n"),
        node("Conv", "n w2", "z", group=2),
        node("Reshape", "z shape", "f"),
        node("Gemm", "f m", "g", transB=1),
        node("Add", "g bias", "y"),
    ],
    IMAGE,
    {
        "w": weights(2, 4, 1, 1),
        "bias": weights(2, low=0.1),
        "bias3": weights(2, 1, 1),
        "w2": weights(2, 1, 1, 1),
        "m": weights(2, 18),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "shape": np.array([1, -1]),
    },
    opset=13,
)
