"""A network of Caffe: its layers in order, with the weights of the file beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.caffe.schema import net_parameter
from edge_compiler.frontends.ranked import RankedBuilder

LARGEST = 2**31 - 1
"""Bytes that protocol buffers can hold."""
_TEXT_LARGEST = 2**24  # a network's description has some thousand lines


@dataclass(frozen=True)
class Layer:
    """
    A layer of the network.

    :ivar type: as it is called since Caffe's version 1 of layers; in the letters of the file.
    :ivar bottoms: the tensors that it reads.
    :ivar tops: those that it computes. A tensor is computed once: where layers work in place, the
        last one computes what has the blob's name.
    :ivar blobs: its weights.
    :ivar message: of Caffe's schema, with the parameters of its type.
    """

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    blobs: tuple[Array, ...]
    message: Any

    def weights(self, index: int, *shape: int) -> Array:
        """
        Return weights in a shape, of which one size may be -1.

        :raises ValueError: if there are none, or not as many as that takes.
        """
        if index >= len(self.blobs):
            raise ValueError(
                f"the layer '{self.name}' ({self.type}) has {len(self.blobs)} arrays of weights, "
                f"number {index + 1} is missing: do both files belong to one network?"
            )
        array = self.blobs[index]
        try:
            return array.reshape(shape)
        except ValueError as error:
            raise ValueError(
                f"the layer '{self.name}' ({self.type}) has {array.size} weights, which don't fit "
                f"the shape {list(shape)}: do both files belong to one network?"
            ) from error


Rule = Callable[[RankedBuilder, Layer], int | None]
"""Adds a layer's nodes; returns the rank of what it computes if that isn't its input's."""


@dataclass(frozen=True)
class Net:
    """
    A network.

    :ivar inputs: their shapes by name. The files' number of images, often 10 parts of one, is the
        size of a buffer and no part of the network: here it is 1.
    :ivar outputs: what layers compute and none reads.
    """

    name: str
    inputs: dict[str, tuple[int, ...]]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]


def read_net(description: Path, weights: Path) -> Net:
    """
    Read a network as it is deployed: what is for training alone is left out.

    :param description: the ``.prototxt``.
    :param weights: the ``.caffemodel``, whose layers are found by name.
    :raises ValueError: if a file is damaged, or holds what isn't known here.
    """
    net = _parse_text(description)
    blobs = _weights(weights)
    layers = [layer for layer in net.layer or net.layers if _is_deployed(layer)]
    inputs = dict(zip(net.input, _input_shapes(net), strict=True))
    for layer in layers:
        if _type(layer) == "Input":
            shapes = [tuple(shape.dim) for shape in layer.input_param.shape]
            inputs |= zip(layer.top, shapes * (len(layer.top) // len(shapes)), strict=True)
    inputs = {name: (1, *shape[1:]) for name, shape in inputs.items()}
    layers = [layer for layer in layers if _type(layer) not in ("Input", "Silence")]
    named = list(_connect(layers, inputs, blobs))
    read = {name for layer in named for name in layer.bottoms}
    outputs = tuple(top for layer in named for top in layer.tops if top not in read)
    return Net(net.name, inputs, tuple(named), outputs)


def _parse_text(path: Path) -> Any:
    size = path.stat().st_size
    if size > _TEXT_LARGEST:
        raise ValueError(
            f"{path.name} has {size} bytes: a description has {_TEXT_LARGEST} at most"
        )
    net = net_parameter()()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), net)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path.name} is no description of a network to deploy: {error}"
        ) from error
    if not (net.layer or net.layers):
        raise ValueError(f"{path.name} has no layers")
    return net


def _weights(path: Path) -> dict[str, tuple[Array, ...]]:
    """Return the weights of each layer of a file that has some."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"{path.name} has {size} bytes, expected {LARGEST} at most")
    net = net_parameter()()
    try:
        net.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ValueError(
            f"{path.name} ({size} bytes) holds no weights of Caffe, or it is truncated"
        ) from error
    return {
        layer.name: tuple(map(_array, layer.blobs))
        for layer in (*net.layer, *net.layers)
        if layer.blobs
    }


def _array(blob: Any) -> Array:
    numbers = blob.double_data or blob.data
    return np.fromiter(numbers, np.float32, len(numbers))


def _is_deployed(layer: Any) -> bool:
    """Return whether a layer is part of the network for tests, at level 0 and in no stage."""

    def holds(rule: Any) -> bool:
        phase = not rule.HasField("phase") or _value(rule, "phase") == "TEST"
        return phase and rule.min_level <= 0 <= rule.max_level and not rule.stage

    if layer.include:
        return any(map(holds, layer.include))
    return not any(map(holds, layer.exclude))


def _input_shapes(net: Any) -> list[tuple[int, ...]]:
    if net.input_shape:
        return [tuple(shape.dim) for shape in net.input_shape]
    sizes = list(net.input_dim)
    if len(sizes) != 4 * len(net.input):
        raise ValueError(f"{len(net.input)} inputs have {len(sizes)} sizes, expected 4 each")
    return [tuple(sizes[begin : begin + 4]) for begin in range(0, len(sizes), 4)]


def _connect(
    layers: Sequence[Any], inputs: Iterable[str], blobs: dict[str, tuple[Array, ...]]
) -> Iterable[Layer]:
    """Yield the layers; each tensor is computed by one."""
    left = Counter(top for layer in layers for top in layer.top)
    current = {name: name for name in inputs}
    for layer in layers:
        unknown = [bottom for bottom in layer.bottom if bottom not in current]
        if unknown:
            raise ValueError(f"the layer '{layer.name}' reads '{unknown[0]}', which nothing makes")
        bottoms = tuple(current[bottom] for bottom in layer.bottom)
        for top in layer.top:
            left[top] -= 1
            current[top] = f"{top}/{layer.name}" if left[top] else top
        tops = tuple(current[top] for top in layer.top)
        yield Layer(layer.name, _type(layer), bottoms, tops, blobs.get(layer.name, ()), layer)


def _type(layer: Any) -> str:
    """Return the type of a layer, which the first version of layers has as a number."""
    return layer.type if isinstance(layer.type, str) else _value(layer, "type")


def _value(message: Any, field: str) -> str:
    """Return the name of a value of an enumeration."""
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(message, field)].name)
