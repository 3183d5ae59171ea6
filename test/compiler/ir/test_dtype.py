"""The table of element types, compared with what onnx says of them."""

import numpy as np
from onnx import helper, TensorProto
import pytest

from edge_compiler.ir import dtype
from edge_compiler.ir.image import channel_axis, image_layout
from edge_perception.runtime.dtypes import ELEMENT_TYPES


@pytest.mark.parametrize("name", ELEMENT_TYPES)
def test_a_type_is_the_same_in_onnx_and_numpy(name: str) -> None:
    type_ = ELEMENT_TYPES[name]
    code = type_.number
    theirs = helper.tensor_dtype_to_np_dtype(code)
    assert theirs.name == name
    assert theirs.itemsize == type_.bytes
    assert dtype.of_array(np.zeros(1, theirs)) is dtype.from_onnx(code) is type_
    assert dtype.array_type(type_) == theirs
    if name != "bfloat16":
        assert type_.numpy == theirs
    assert type_.is_float == (name in ("float16", "bfloat16", "float32", "float64"))


@pytest.mark.parametrize(
    ("code", "name"),
    [(TensorProto.STRING, "string"), (TensorProto.FLOAT, "float32"), (999, "of an unknown type")],
)
def test_messages_name_types(code: int, name: str) -> None:
    assert dtype.onnx_name(code) == name


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, 3, 224, 224), "NCHW"),
        ((1, 224, 224, 3), "NHWC"),
        ((1, 4, 224, 3), "NHWC"),
        ((1, 4, 224, 224), "NCHW"),
        ((1, 32, 20, 20), "NCHW"),
        ((1, 10), ""),
    ],
)
def test_layout_of_an_image_is_decided_by_its_channels(
    shape: tuple[int, ...], layout: str
) -> None:
    assert image_layout(shape) == layout
    if layout:
        assert shape[channel_axis(layout)] in (3, 4, 32)
