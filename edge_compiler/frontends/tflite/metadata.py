"""
What a TensorFlow Lite file says of its images and labels: TFLite Metadata, schema 1.5.

It is a buffer of its own, and the files that it names are a ZIP archive behind the model.
"""

from __future__ import annotations

from collections.abc import Iterator
import io
import json
import lzma
import struct
from typing import Any
import zipfile
import zlib

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.description.frames import LARGEST_NUMBER
from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.operator import Tensor
from edge_compiler.ir.image import image_layout

_NAME = "TFLITE_METADATA"
_LONGEST_LABELS = 1 << 20
_COLORS = {1: "rgb", 2: "mono"}
_CHANNELS = {"rgb": 3, "mono": 1}
_IMAGE = 2  # of a tensor's content
_NORMALISATION = 1  # of what is done with a tensor
_AXIS_LABELS, _VALUE_LABELS = 2, 3
_DAMAGED = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # of a file with a password; one that is packed in an unknown way
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class _LeftOutError(ValueError):
    """What is said, and can't be taken; the message is a clause that says why."""


def read_metadata(file: File, data: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
    """
    Return the metadata of an ONNX file that says the same, and what is left out and why.

    Nothing of it is needed to run the network, so what is wrong is left out.

    :param file: as read: its inputs and outputs are those that the metadata counts.
    :param data: the whole file.
    """
    found: dict[str, str] = {}
    left_out = []
    for key, what, read in (
        ("edge.preprocess", "how images are normalised", _preprocess),
        ("edge.labels", "labels", _labels),
    ):
        try:
            for graph in _graphs(file):
                if (value := read(graph, file, data)) is not None:
                    found[key] = json.dumps(value)
        except _LeftOutError as error:
            left_out.append(f"{what}: {error}")
        except _DAMAGED as error:
            left_out.append(f"{what}: its metadata is damaged ({error})")
    return found, tuple(left_out)


def _graphs(file: File) -> Iterator[Table]:
    """Yield what is said of the graph, if anything is."""
    for entry in file.root.each(6):
        if entry.text(0) == _NAME:
            content = file.content(entry.number(1, "<I")).tobytes()
            yield from Table.root(content).each(3)[:1]


def _preprocess(graph: Table, file: File, _: bytes) -> dict[str, Any] | None:
    """Return how a frame becomes the input: ``(pixel - mean) / deviation``."""
    images = [said for said in graph.each(2) if _is_image(said)]
    if not images:
        return None
    if len(file.inputs) != 1 or len(images) != 1:
        raise _LeftOutError(f"it has {len(file.inputs)} inputs, and one can be a camera's frame")
    [image], [said] = file.inputs, images
    content = said.table(3)
    assert content is not None
    properties = content.table(1)
    color = _COLORS.get(0 if properties is None else properties.number(0, "<b"))
    if not _takes(image, color):
        raise _LeftOutError(
            f"the input '{image.name}', {list(image.shape)}, is no {color or 'image'} in float32 "
            "or uint8"
        )
    channels = image.shape[-1]
    spec: dict[str, Any] = {"resize": None} if color is None else {"color": color, "resize": None}
    if image.type == np.uint8:  # it takes pixels: its scale and zero say the same
        return spec
    options = [unit.table(1) for unit in said.each(4) if unit.number(0, "<B") == _NORMALISATION]
    if len(options) != 1 or options[0] is None:
        return None
    mean, deviation = (_numbers(options[0], field, channels) for field in (0, 1))
    with np.errstate(all="ignore"):
        scale = 1 / deviation
    for numbers in (mean, scale):
        if len(numbers) not in (1, channels) or not (abs(numbers) <= LARGEST_NUMBER).all():
            raise _LeftOutError(
                f"mean {mean.tolist()} and deviation {deviation.tolist()} are no numbers for "
                f"{channels} channels"
            )
    spread = (np.broadcast_to(part, channels).tolist() for part in (mean, scale))
    return spec | dict(zip(("mean", "scale"), spread, strict=True))


def _numbers(table: Table, field: int, most: int) -> Array:
    """Return numbers of float32 as the decimals that were meant."""
    return np.array([float(str(n)) for n in table.array(field, np.float32, most)])


def _takes(image: Tensor, color: str | None) -> bool:
    """Return whether a tensor can be a camera's frame in a colour, which may not be known."""
    if image.type not in (np.float32, np.uint8) or image_layout(image.shape) != "NHWC":
        return False
    count, *_, channels = image.shape
    return count == 1 and channels in ((1, 3) if color is None else (_CHANNELS[color],))


def _is_image(said: Table) -> bool:
    content = said.table(3)
    return content is not None and content.number(0, "<B") == _IMAGE


def _labels(graph: Table, file: File, data: bytes) -> list[str] | None:
    """Return the labels of the first output that has some."""
    outputs = graph.each(3)
    if len(outputs) != len(file.outputs):
        raise _LeftOutError(f"it describes {len(outputs)} outputs of {len(file.outputs)}")
    for output, said in zip(file.outputs, outputs, strict=True):
        for kind in (_AXIS_LABELS, _VALUE_LABELS):
            names = [part for part in said.each(6) if part.number(2, "<b") == kind]
            if names:
                usual = [part for part in names if not part.text(3)] or names  # of no language
                labels = _lines(usual[0].text(0), data)
                _check_count(labels, output, kind)
                return labels
    return None


def _lines(name: str, data: bytes) -> list[str]:
    """Return the lines of a file in the archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as file:
        text = file.read(_LONGEST_LABELS + 1)
    if len(text) > _LONGEST_LABELS:
        raise _LeftOutError(f"{name} is longer than {_LONGEST_LABELS} bytes")
    return [line.strip() for line in text.decode().rstrip().split("\n")]


def _check_count(labels: list[str], output: Tensor, kind: int) -> None:
    classes = output.shape[-1] if output.shape else 1
    if kind == _AXIS_LABELS and len(labels) != classes:
        raise _LeftOutError(
            f"there are {len(labels)} for the {classes} channels of '{output.name}'"
        )
