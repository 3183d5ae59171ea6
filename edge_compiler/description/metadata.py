"""What the compiler reads of a model in its ONNX file's metadata: ``edge.*``, each JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
import json
from pathlib import Path
import shutil
from typing import Any, TypeVar

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.read import read_model
from edge_perception.runtime import schema
from edge_perception.runtime.accuracy import Accuracy, HALF, Pruning
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Decoder, Preprocess

ACCURACY = "edge.accuracy"
"""What a model lost when it was quantised, see `Accuracy`."""
PRUNING = "edge.pruning"
"""What was removed from a model, see `Pruning`."""

PRECISION = "edge.precision"
"""HALF, if what layers multiply may be rounded to 16 bits."""
FLOAT16_LAYERS = "edge.float16"
"""Which layers may add up products in float16, if any may round, see `Float16`."""

MOST_EXPONENT = 60
"""Of `Float16`: so biases stay far from float32's ends."""

T = TypeVar("T")


@dataclass(frozen=True)
class Float16:
    """
    Layers whose inputs, and sums of a few products, float16 has place for.

    :ivar exponents: of the power of two that the input is multiplied by before, by the layer.
    """

    exponents: dict[str, int]


def metadata_of(
    *,
    preprocess: Preprocess | None,
    labels: Sequence[str],
    decoder: Decoder | None,
    provenance: Mapping[str, str],
) -> dict[str, str]:
    """Return what to write into a file so that the compiler reads this; None says nothing."""
    values: dict[str, Any] = {"edge.labels": list(labels), "edge.provenance": dict(provenance)}
    if decoder is not None:
        values["edge.decoder"] = {"kind": decoder.kind, "parameters": decoder.parameters}
    if preprocess is not None:
        values["edge.preprocess"] = asdict(preprocess)
    return {key: json.dumps(value) for key, value in values.items()}


def stated_accuracy(metadata: Mapping[str, str], model: Path) -> Accuracy | None:
    """
    Return what a file says that it lost when it was quantised; None if it says nothing.

    :raises CompileError: if what it says is damaged.
    """
    return _stated(Accuracy, ACCURACY, metadata, model, "quantise")


def stated_pruning(metadata: Mapping[str, str], model: Path) -> Pruning | None:
    """
    Return what a file says was removed when it was pruned; None if it says nothing.

    :raises CompileError: if what it says is damaged.
    """
    return _stated(Pruning, PRUNING, metadata, model, "prune")


def may_round(metadata: Mapping[str, str]) -> bool:
    """Return whether a file says that what its layers multiply may be rounded to 16 bits."""
    return metadata.get(PRECISION) == json.dumps(HALF)


def float16_layers(metadata: Mapping[str, str]) -> Mapping[str, int]:
    """
    Return by which power of two layers multiply their input if they add up products in float16.

    Float16 has no place for the numbers of those that are not among them.

    :raises CompileError: if what the file says is damaged.
    """
    return _exponents(metadata[FLOAT16_LAYERS]) if FLOAT16_LAYERS in metadata else {}


@cache
def _exponents(text: str) -> dict[str, int]:
    where = f"the metadata {FLOAT16_LAYERS}"
    try:
        exponents = schema.decode(Float16, schema.parse(text, where)).exponents
        if any(abs(exponent) > MOST_EXPONENT for exponent in exponents.values()):
            raise BundleError(f"an exponent is beyond {MOST_EXPONENT}")
    except BundleError as error:
        raise CompileError(f"{where}: {error}; round the model again") from error
    return exponents


def _stated(
    cls: type[T], key: str, metadata: Mapping[str, str], model: Path, remedy: str
) -> T | None:
    if key not in metadata:
        return None
    where = f"the metadata {key} of {model}"
    try:
        return schema.decode(cls, schema.parse(metadata[key], where))
    except BundleError as error:
        raise CompileError(f"{where}: {error}; {remedy} the model again") from error


def copy_with(model: Path, metadata: Mapping[str, str], copy: Path) -> None:
    """
    Copy an ONNX file, with more metadata, which takes precedence over what it has.

    :raises CompileError: if that is impossible.
    """
    parsed = read_model(model)
    _check_place(model, parsed, copy)
    said = {entry.key: entry.value for entry in parsed.metadata_props}
    with _written(copy) as unfinished:
        if metadata.keys().isdisjoint(said):
            more = onnx.ModelProto()
            onnx.helper.set_model_props(more, dict(metadata))
            _append(model, more, unfinished)
        else:  # a key may be there once only: the whole file is written anew
            whole = onnx.load(model, load_external_data=False)
            del whole.metadata_props[:]
            onnx.helper.set_model_props(whole, {**said, **metadata})
            onnx.save(whole, unfinished)


def append_to_copy(model: Path, more: onnx.ModelProto, copy: Path) -> None:
    """
    Copy an ONNX file, and add to its lists what ``more`` has in these.

    :raises CompileError: if that is impossible.
    """
    _check_place(model, read_model(model), copy)
    with _written(copy) as unfinished:
        _append(model, more, unfinished)


def _append(model: Path, more: onnx.ModelProto, copy: Path) -> None:
    shutil.copyfile(model, copy)
    # what is appended to a message of protocol buffers is merged into it
    with copy.open("ab") as file:
        file.write(more.SerializeToString())


def _check_place(model: Path, parsed: onnx.ModelProto, copy: Path) -> None:
    """Refuse a copy that would not find the weights which the model has in other files."""
    places = {
        entry.value
        for tensor in parsed.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    } - {model.name}
    if places and copy.resolve().parent != model.resolve().parent:
        raise CompileError(
            f"{model} has weights in {', '.join(sorted(places))} beside it, so its copy must be "
            f"in the same folder: -o {model.parent / copy.name}"
        )


@contextmanager
def _written(copy: Path) -> Iterator[Path]:
    """Give the path to write to; what is there at the end becomes the copy."""
    unfinished = copy.with_name(f".{copy.name}.new")
    try:
        yield unfinished
        unfinished.replace(copy)
    except OSError as error:
        raise CompileError(f"cannot write {copy}: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
