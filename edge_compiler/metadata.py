"""What the compiler reads of a model in its ONNX file's metadata: ``edge.*``, each JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
import json
from pathlib import Path
import shutil
from typing import Any

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.read import read_model
from edge_perception.runtime import schema
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Accuracy, Decoder, Preprocess

ACCURACY = "edge.accuracy"
"""What a model lost when it was quantised, see `Accuracy`."""


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
    if ACCURACY not in metadata:
        return None
    where = f"the metadata {ACCURACY} of {model}"
    try:
        return schema.decode(Accuracy, schema.parse(metadata[ACCURACY], where))
    except BundleError as error:
        raise CompileError(f"{where}: {error}; quantise the model again") from error


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
