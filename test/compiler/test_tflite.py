"""TensorFlow Lite's files as ONNX: a small one made here, against NumPy; damaged ones."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import onnxruntime
import pytest
from tflite_files import File, numbers, small

from edge_compiler.errors import CompileError
from edge_compiler.frontends.tflite import convert

FILE, COMPUTE = small()
NAMES = {"in": "image", "out": "result"}


def test_a_file_computes_what_it_says() -> None:
    model = convert(FILE, "small.tflite", NAMES)
    image = numbers(1, 8, 6, 3)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(["result"], {"image": image.transpose(0, 3, 1, 2)})
    np.testing.assert_allclose(result, COMPUTE(image), rtol=1e-5, atol=1e-5)


def test_an_output_may_get_a_sigmoid() -> None:
    model = convert(FILE, "small.tflite", NAMES, ["result"])
    image = numbers(1, 8, 6, 3)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(["result"], {"image": image.transpose(0, 3, 1, 2)})
    np.testing.assert_allclose(result, 1 / (1 + np.exp(-COMPUTE(image))), rtol=1e-5)


def test_an_unknown_operator_is_named() -> None:
    file = File()
    out = file.tensor("out", (1, 8, 6, 3))
    file.add(99, [file.image], out)
    with pytest.raises(CompileError, match="x has unexpected content: the operator 99 is not kno"):
        convert(file.write(out), "x", NAMES)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FILE) - 1), st.binary(min_size=1, max_size=4), st.booleans())
def test_a_damaged_file_is_refused_or_is_another_model(
    place: int, change: bytes, cut: bool
) -> None:
    damaged = FILE[:place] if cut else FILE[:place] + change + FILE[place + len(change) :]
    with contextlib.suppress(CompileError):
        convert(damaged, "small.tflite", NAMES)
