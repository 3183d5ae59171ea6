"""Give every input of a model a static shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.limits import check_shape
from edge_compiler.ir.dtype import from_onnx, onnx_name


def fix_inputs(
    model: onnx.ModelProto,
    shapes: Mapping[str, tuple[int, ...]],
    dimensions: Mapping[str, int],
    weights: Collection[str],
) -> None:
    """
    Set the shapes that the user asked for, and refuse inputs that can't be compiled.

    :param dimensions: sizes of those that the file only names.
    :param weights: inputs that stand for weights; they are left alone.
    :raises CompileError: naming the input and what to give instead.
    """
    inputs = {value.name: value for value in model.graph.input if value.name not in weights}
    for name, shape in shapes.items():
        if name not in inputs:
            raise CompileError(
                f"the model reads no input '{name}' to give a shape to: its inputs are "
                + ", ".join(f"'{known}'" for known in inputs)
            )
        _set_shape(inputs[name], shape)
    _set_dimensions(inputs.values(), dimensions)
    for value in inputs.values():
        _check(value)


def _set_shape(value: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    tensor = value.type.tensor_type
    if tensor.HasField("shape") and len(tensor.shape.dim) != len(shape):
        raise CompileError(
            f"the shape {list(shape)} for input '{value.name}' has {len(shape)} dimensions, "
            f"but the model expects {len(tensor.shape.dim)}: {_text(value)}"
        )
    tensor.ClearField("shape")
    tensor.shape.SetInParent()  # a scalar has a shape too, without dimensions
    for size in shape:
        tensor.shape.dim.add().dim_value = size


def _set_dimensions(
    inputs: Collection[onnx.ValueInfoProto], dimensions: Mapping[str, int]
) -> None:
    """Give named dimensions their sizes, at every input that has them."""
    named = [d for v in inputs for d in v.type.tensor_type.shape.dim if d.dim_param]
    known = dict.fromkeys(dimension.dim_param for dimension in named)
    for name in dimensions:
        if name not in known:
            names = ", ".join(f"'{other}'" for other in known) or "none"
            raise CompileError(
                f"the model has no dimension '{name}' to give a size to: it names {names}"
            )
    for dimension in named:
        if dimension.dim_param in dimensions:
            dimension.dim_value = dimensions[dimension.dim_param]


def with_article(noun: str) -> str:
    """Return a noun behind its indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _check(value: onnx.ValueInfoProto) -> None:
    kind = value.type.WhichOneof("value")
    if kind not in (None, "tensor_type"):
        other = with_article(kind.removesuffix("_type"))
        raise CompileError(
            f"the input '{value.name}' is {other}, but only tensors are supported: export the "
            "model with tensors as inputs"
        )
    tensor = value.type.tensor_type
    if from_onnx(tensor.elem_type) is None:
        raise CompileError(
            f"the input '{value.name}' is {onnx_name(tensor.elem_type)}, which is not supported: "
            "export the model with an input of float32, integers or bools"
        )
    if not tensor.HasField("shape"):
        raise CompileError(
            f"the input '{value.name}' has no shape: give one, e.g. "
            f"--shape {value.name}=1,3,224,224"
        )
    sizes = [_size(dimension) for dimension in tensor.shape.dim]
    if None in sizes:
        raise CompileError(
            f"the input '{value.name}' has the dynamic shape {_text(value)}: fix it with "
            f"{_suggestion(value)}"
        )
    if 0 in sizes:
        raise CompileError(
            f"the input '{value.name}' of shape {_text(value)} has a dimension of zero: "
            f"give its real shape with {_suggestion(value)}"
        )
    check_shape(f"the input '{value.name}'", (size for size in sizes if size is not None))


def _size(dimension: onnx.TensorShapeProto.Dimension) -> int | None:
    """Return the size of a dimension; None if it is known only while the model runs."""
    static = dimension.HasField("dim_value") and dimension.dim_value >= 0
    return dimension.dim_value if static else None


def _text(value: onnx.ValueInfoProto) -> str:
    sizes = []
    for dimension in value.type.tensor_type.shape.dim:
        size = _size(dimension)
        sizes.append(dimension.dim_param or "?" if size is None else str(size))
    return f"[{', '.join(sizes)}]"


def _suggestion(value: onnx.ValueInfoProto) -> str:
    """Return an option that would help, with usual sizes where the model leaves them open."""
    usual = (1, 3, 224, 224)
    sizes = [_size(dimension) for dimension in value.type.tensor_type.shape.dim]
    if len(sizes) == len(usual):
        sizes = [size or guess for size, guess in zip(sizes, usual, strict=True)]
    sizes[:1] = [1]
    option = f"--shape {value.name}=" + ",".join(str(size or "N") for size in sizes)
    names = (d.dim_param for d in value.type.tensor_type.shape.dim if d.dim_param)
    named = next(names, None)
    if named is None:
        return option
    size = 1 if value.type.tensor_type.shape.dim[0].dim_param == named else "SIZE"  # a batch
    return f"{option}, or by its name: --shape-of {named}={size}"
