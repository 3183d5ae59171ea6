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
