"""Copies of a model in which inputs are constants: a sampling rate, a flag that an If asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from edge_compiler.description.metadata import append_to_copy
from edge_compiler.errors import CompileError
from edge_compiler.frontend.read import read_model
from edge_compiler.ir.dtype import array_type, from_onnx, onnx_name


@contextmanager
def with_constants(
    model: Path, numbers: Mapping[str, tuple[float, ...]], copy: Path
) -> Iterator[Path]:
    """
    Give a copy whose inputs of these names are constants, as long as the block runs.

    :param numbers: one for each element of an input, or one for all.
    :param copy: beside this file it lies.
    :raises CompileError: if the model has no such inputs, or the numbers don't fit.
    """
    if not numbers:
        yield model
        return
    inputs = {value.name: value for value in read_model(model).graph.input}
    for name in numbers:
        if name not in inputs:
            raise CompileError(
                f"the model reads no input '{name}' that could be a constant: its inputs are "
                + ", ".join(f"'{known}'" for known in inputs)
            )
    more = onnx.ModelProto()
    # an input with an initializer of its name has a value of its own
    more.graph.initializer.extend(
        _tensor(inputs[name], values) for name, values in numbers.items()
    )
    unfinished = copy.with_name(f".{copy.stem}.constants.onnx")
    try:
        append_to_copy(model, more, unfinished)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _tensor(info: onnx.ValueInfoProto, numbers: tuple[float, ...]) -> onnx.TensorProto:
    tensor = info.type.tensor_type
    type_ = from_onnx(tensor.elem_type)
    if type_ is None:
        raise CompileError(
            f"the input '{info.name}' is {onnx_name(tensor.elem_type)}, which is not supported: "
            "only one of float32, integers or bools can be a constant"
        )
    shape = [dimension.dim_value for dimension in tensor.shape.dim]
    size = int(np.prod(shape))
    if min(shape, default=1) < 1 or len(numbers) not in (1, size):
        raise CompileError(
            f"the input '{info.name}' of shape {shape or 'of a single number'} can't be made of "
            f"{len(numbers)} number(s): give one for all, or one for each element"
        )
    array = np.resize(np.asarray(numbers), shape).astype(array_type(type_))
    if not np.array_equal(array.ravel()[: len(numbers)], numbers):
        raise CompileError(
            f"the input '{info.name}' is {type_.name}, which "
            f"doesn't hold {', '.join(map(str, numbers))}: give numbers of that type"
        )
    return numpy_helper.from_array(array, info.name)
