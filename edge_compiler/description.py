"""
What the compiler knows of a model beside its graph: pre-processing, decoder, labels, origin.

It stands in the ONNX file's metadata (``edge.preprocess``, ``edge.decoder``, ``edge.labels``,
``edge.provenance``, each JSON); options of the command line take precedence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
import hashlib
import json
from pathlib import Path
from typing import Any

from edge_compiler.decoding import make_decoder, parse_decoder, recognised_decoder
from edge_compiler.errors import CompileError, hint
from edge_compiler.ir.graph import Graph, Value
from edge_compiler.ir.image import channel_axis, image_layout
from edge_compiler.strict_json import parse_json
from edge_perception.decode import KINDS
from edge_perception.runtime import schema
from edge_perception.runtime.dtypes import FLOAT32, UINT8
from edge_perception.runtime.manifest import Decoder, Model, Preprocess

LARGEST_NUMBER = 1e30
"""Leaves room to compute in float32."""
SHOWN = 100
"""Characters of a value in a message."""
CHOICES = {"color": ("rgb", "bgr", "mono"), "resize": ("stretch", "letterbox")}


@dataclass(frozen=True)
class Description:
    """What the compiler knows of a model beside its graph; goes into the manifest as it is."""

    name: str
    sha256: str
    preprocess: Preprocess | None = None
    decoder: Decoder = field(default_factory=Decoder)
    labels: tuple[str, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Overrides:
    """
    What the user says of the model, instead of its metadata.

    :ivar decoder: the kind, or the path of a JSON file with kind and parameters.
    """

    name: str | None = None
    preprocess: Path | None = None
    labels: Path | None = None
    decoder: str | None = None

    def given(self) -> tuple[str, ...]:
        """Return the names of what was said."""
        return tuple(x.name for x in fields(self) if getattr(self, x.name))


def describe(graph: Graph, model: Path, overrides: Overrides) -> Description:
    """
    Collect the description of the model that was read from the file ``model``.

    :raises CompileError: if the metadata or a file of the overrides is wrong, or the outputs don't
        fit the decoder.
    """
    metadata = graph.metadata
    if overrides.preprocess:
        where, text = str(overrides.preprocess), read_text(overrides.preprocess)
        preprocess = parse_preprocess(parse_json(text, where), graph, where)
    elif "edge.preprocess" in metadata:
        where = f"the metadata edge.preprocess of {model}"
        preprocess = parse_preprocess(parse_json(metadata["edge.preprocess"], where), graph, where)
    else:
        preprocess = None
    labels = _labels(metadata, model, overrides)
    name = overrides.name or model.stem
    decoder = _decoder(graph, model, labels, overrides)
    if preprocess is not None:
        make_decoder(decoder, graph, name, preprocess, labels)  # refuses one that does not fit
    return Description(
        name=name,
        sha256=sha256(model),
        preprocess=preprocess,
        decoder=decoder,
        labels=labels,
        provenance={"file": model.name} | _provenance(metadata, model),
    )


def check_description(
    model: Model, given: Collection[str], graph: Graph, file: Path
) -> tuple[str, ...]:
    """
    Compare what a bundle says of its model with the model's file.

    :param given: what the user said when compiling, in place of the file; that can't be compared.
    :param graph: read from ``file``.
    :returns: the names of what was compared.
    :raises CompileError: naming what differs.
    """
    said = describe(graph, file, Overrides())
    skipped = set(given)
    if "labels" in given and "edge.decoder" not in graph.metadata:
        skipped.add("decoder")  # which was made for these labels
    provenance = {**model.provenance, "file": file.name}  # the file may have been renamed
    ours = replace(model, provenance=provenance)
    compared = tuple(
        name for name in ("labels", "preprocess", "decoder", "provenance") if name not in skipped
    )
    for name in compared:
        if schema.encode(getattr(ours, name)) != schema.encode(getattr(said, name)):
            raise CompileError(
                f"the bundle's {name} is not what {file} says: {_short(getattr(ours, name))} "
                f"instead of {_short(getattr(said, name))}; compile the model again"
            )
    return compared


def _short(value: Any) -> str:
    text = json.dumps(schema.encode(value))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


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


def _labels(metadata: Mapping[str, str], model: Path, overrides: Overrides) -> tuple[str, ...]:
    if overrides.labels:
        lines = read_text(overrides.labels).splitlines()
        labels = [line.strip() for line in lines if line.strip()]
        if not labels:
            raise CompileError(f"{overrides.labels} has no label; expected one a line")
        return tuple(labels)
    where = f"the metadata edge.labels of {model}"
    labels = parse_json(metadata.get("edge.labels", "[]"), where)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise CompileError(f"{where} must be a JSON list of strings")
    return tuple(labels)


def _decoder(graph: Graph, model: Path, labels: tuple[str, ...], overrides: Overrides) -> Decoder:
    if overrides.decoder in KINDS:
        return Decoder(overrides.decoder)
    if overrides.decoder:
        where, path = overrides.decoder, Path(overrides.decoder)
        if not path.suffix and not path.exists():
            raise CompileError(f"no decoder is called {where!r}; {hint(where, KINDS)}")
        return parse_decoder(parse_json(read_text(path), where), where)
    if "edge.decoder" in graph.metadata:
        where = f"the metadata edge.decoder of {model}"
        return parse_decoder(parse_json(graph.metadata["edge.decoder"], where), where)
    return recognised_decoder(graph, labels)


def _provenance(metadata: Mapping[str, str], model: Path) -> dict[str, str]:
    where = f"the metadata edge.provenance of {model}"
    data = parse_json(metadata.get("edge.provenance", "{}"), where)
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise CompileError(f"{where} must be a JSON object of strings")
    return data


def read_text(path: Path) -> str:
    """
    Read a text file that the user named.

    :raises CompileError: if that is impossible.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CompileError(f"{path} is not a text file in UTF-8: {error}") from error


def sha256(path: Path) -> str:
    """Return the hash of a file, reading it piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
