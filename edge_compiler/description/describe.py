"""
What the compiler knows of a model beside its graph: pre-processing, decoder, labels, origin.

It stands in the ONNX file's metadata (``edge.preprocess``, ``edge.decoder``, ``edge.labels``,
``edge.provenance``, each JSON); options of the command line take precedence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
import json
from pathlib import Path
from typing import Any

from edge_compiler.description.decoding import make_decoder, parse_decoder, recognised_decoder
from edge_compiler.description.frames import parse_preprocess
from edge_compiler.description.strict_json import parse_json
from edge_compiler.errors import CompileError, hint
from edge_compiler.files.reading import read_text, sha256
from edge_compiler.ir.graph import Graph
from edge_perception.decode import KINDS
from edge_perception.runtime import schema
from edge_perception.runtime.manifest import Decoder, Model, Preprocess

SHOWN = 100
"""Characters of a value in a message."""


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
class Said:
    """
    A value of JSON that says something of a model.

    :ivar where: it was read, for messages.
    """

    where: str
    value: Any


@dataclass(frozen=True)
class Overrides:
    """
    What the user says of the model, instead of its metadata.

    Files are read when it is made, as pipes give what they have only once.
    """

    name: str | None = None
    preprocess: Said | None = None
    labels: tuple[str, ...] = ()
    decoder: Decoder | None = None

    def given(self) -> tuple[str, ...]:
        """Return the names of what was said."""
        return tuple(x.name for x in fields(self) if getattr(self, x.name))


def read_overrides(
    name: str | None = None,
    preprocess: Path | None = None,
    labels: Path | None = None,
    decoder: str | None = None,
) -> Overrides:
    """
    Read what the user says of a model.

    :param preprocess: a JSON file.
    :param labels: a file with one a line.
    :param decoder: the kind, or the path of a JSON file with kind and parameters.
    :raises CompileError: if a file can't be read or is wrong.
    """
    return Overrides(
        name,
        _read_json(preprocess) if preprocess else None,
        _read_labels(labels) if labels else (),
        _read_decoder(decoder) if decoder else None,
    )


def _read_json(path: Path) -> Said:
    return Said(str(path), parse_json(read_text(path), str(path)))


def _read_labels(path: Path) -> tuple[str, ...]:
    labels = tuple(line.strip() for line in read_text(path).splitlines() if line.strip())
    if not labels:
        raise CompileError(f"{path} has no label; expected one a line")
    return labels


def _read_decoder(given: str) -> Decoder:
    if given in KINDS:
        return Decoder(given)
    path = Path(given)
    if not path.suffix and not path.exists():
        raise CompileError(f"no decoder is called {given!r}; {hint(given, KINDS)}")
    said = _read_json(path)
    return parse_decoder(said.value, said.where)


def describe(graph: Graph, model: Path, overrides: Overrides) -> Description:
    """
    Collect the description of the model that was read from the file ``model``.

    :raises CompileError: if the metadata is wrong, or what is said doesn't fit the model.
    """
    metadata = graph.metadata
    said = overrides.preprocess or _of_metadata(metadata, model, "edge.preprocess")
    preprocess = parse_preprocess(said.value, graph, said.where) if said else None
    labels = overrides.labels or _labels(metadata, model)
    name = overrides.name or model.stem
    decoder = overrides.decoder or _decoder(graph, model, labels)
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


def _of_metadata(metadata: Mapping[str, str], model: Path, key: str) -> Said | None:
    """Return what a model's file says under a key; None if it says nothing."""
    if key not in metadata:
        return None
    where = f"the metadata {key} of {model}"
    return Said(where, parse_json(metadata[key], where))


def _labels(metadata: Mapping[str, str], model: Path) -> tuple[str, ...]:
    said = _of_metadata(metadata, model, "edge.labels")
    if said is None:
        return ()
    if not isinstance(said.value, list) or not all(isinstance(one, str) for one in said.value):
        raise CompileError(f"{said.where} must be a JSON list of strings")
    return tuple(said.value)


def _decoder(graph: Graph, model: Path, labels: tuple[str, ...]) -> Decoder:
    said = _of_metadata(graph.metadata, model, "edge.decoder")
    if said is None:
        return recognised_decoder(graph, labels)
    return parse_decoder(said.value, said.where)


def _provenance(metadata: Mapping[str, str], model: Path) -> dict[str, str]:
    said = _of_metadata(metadata, model, "edge.provenance")
    if said is None:
        return {}
    origin = said.value
    if not isinstance(origin, dict) or not all(isinstance(one, str) for one in origin.values()):
        raise CompileError(f"{said.where} must be a JSON object of strings")
    return origin
