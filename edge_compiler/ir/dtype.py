"""The element types as the compiler needs them: in ONNX, in numpy with bfloat16, and in C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper, TensorProto

from edge_perception.runtime.dtypes import ELEMENT_TYPES, ElementType

_C = {"float32": "float", "float64": "double", "float16": "uint16_t", "bfloat16": "uint16_t"}
"""C types that are not the type's own name with _t; C11 has no halves: it moves their bits."""


@dataclass(frozen=True)
class Quantisation:
    """
    What integers stand for: ``real = (integer - zero_point) * scale``.

    :ivar scale: one number, or one for each index along ``axis``.
    :ivar zero_point: as many.
    :ivar axis: of the tensor; None: one scale for all of it.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None


def from_onnx(code: int) -> ElementType | None:
    """Return the type with a number of ``TensorProto.DataType``; None if it is not supported."""
    return _BY_CODE.get(code)


def onnx_name(code: int) -> str:
    """Return what a number of ``TensorProto.DataType`` is called in messages."""
    known = from_onnx(code)
    if known is not None:
        return known.name
    if code not in TensorProto.DataType.values():
        return "of an unknown type"
    return str(TensorProto.DataType.Name(code)).lower()


def array_type(type_: ElementType) -> np.dtype[Any]:
    """Return the numpy dtype in which the compiler computes: with onnx there is a bfloat16."""
    return helper.tensor_dtype_to_np_dtype(type_.number)


def of_array(array: np.ndarray[Any, Any]) -> ElementType:
    """Return the type of an array's elements, which must be one that is supported."""
    return ELEMENT_TYPES[array.dtype.name]


def c_type(type_: ElementType) -> str:
    """Return the C type of an element in memory; a bool is a byte, as in numpy."""
    return "uint8_t" if type_.name == "bool" else _C.get(type_.name, f"{type_.name}_t")


_BY_CODE = {type_.number: type_ for type_ in ELEMENT_TYPES.values()}
