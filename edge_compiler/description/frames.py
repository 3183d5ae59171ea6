"""How camera frames become a model's input, as somebody says in JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from edge_compiler.errors import CompileError, hint
from edge_compiler.ir.graph import Graph, Value
from edge_compiler.ir.image import channel_axis, image_layout
from edge_perception.runtime.dtypes import FLOAT32, UINT8
from edge_perception.runtime.manifest import Preprocess

LARGEST_NUMBER = 1e30
"""Leaves room to compute in float32."""
CHOICES = {"color": ("rgb", "bgr", "mono"), "resize": ("stretch", "letterbox")}


def parse_preprocess(data: Any, graph: Graph, where: str) -> Preprocess:
    """
    Check a pre-processing given as JSON, and complete it with defaults.

    :param data: null is as good as nothing: what isn't known.
    :param where: what the JSON was read from, for messages.
    :raises CompileError: naming the field that is wrong.
    """
    if not isinstance(data, dict):
        raise CompileError(f'{where} must be a JSON object such as {{"color": "rgb"}}')
    known = [x.name for x in fields(Preprocess)]
    for key in data:
        if key not in known:
            raise CompileError(f"{where} has the unknown field {key!r}; {hint(str(key), known)}")
    data = {key: value for key, value in data.items() if value is not None}
    image = _image_input(data.get("input"), graph, where)
    channels = _channels(image, where)
    for key, choices in CHOICES.items():
        if data.get(key, choices[0]) not in choices:
            raise CompileError(f"{where}: {key} is {data[key]!r}, expected {' or '.join(choices)}")
    color = data.get("color", "mono" if channels == 1 else "rgb")
    if (color == "mono") != (channels == 1):
        raise CompileError(
            f"{where}: color is {color!r}, but the input {image.name!r} has {channels} channels"
        )
    pad_value = _number(data.get("pad_value", 114.0), "pad_value", where)
    if not 0 <= pad_value <= 255:
        raise CompileError(f"{where}: pad_value is {pad_value:g}, expected a grey level 0..255")
    return Preprocess(
        input=image.name,
        color=color,
        resize=data.get("resize", "stretch"),
        mean=_per_channel(data.get("mean", 0.0), "mean", channels, where),
        scale=_per_channel(data.get("scale", 1.0), "scale", channels, where),
        pad_value=pad_value,
    )


def _image_input(name: object, graph: Graph, where: str) -> Value:
    names = [value.name for value in graph.inputs]
    if len(names) != 1:
        raise CompileError(
            f"{where}: only a model with a single input can be run on camera frames, this one has "
            + ", ".join(names)
        )
    if name not in (None, names[0]):
        raise CompileError(f"{where}: input is {name!r}, but the model's is {names[0]!r}")
    return graph.inputs[0]


def _channels(image: Value, where: str) -> int:
    shape = image.shape
    if image.type not in (FLOAT32, UINT8):
        raise CompileError(
            f"{where}: the input {image.name!r} is {image.type}, but pre-processing makes images "
            "of float32 or uint8: export the model with such an input"
        )
    if len(shape) == 4 and shape[0] == 1:
        channels = shape[channel_axis(image_layout(shape))]
        if channels in (1, 3):
            return channels
    raise CompileError(
        f"{where}: the input {image.name!r} of shape {list(shape)} is no image; expected "
        "[1, C, H, W] or [1, H, W, C] with 1 or 3 channels"
    )


def _per_channel(value: Any, field: str, channels: int, where: str) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value] * channels
    if len(numbers) != channels:
        raise CompileError(
            f"{where}: {field} has {len(numbers)} numbers, expected {channels}, one a channel"
        )
    return tuple(_number(number, field, where) for number in numbers)


def _number(value: Any, field: str, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) <= LARGEST_NUMBER:  # NaN compares as false
        raise CompileError(f"{where}: {field} has {value!r} where a number is expected")
    return float(value)
