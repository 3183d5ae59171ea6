"""Reading and writing what a bundle says of itself: its manifest, its record, its model."""

from __future__ import annotations

import math
from pathlib import Path

from edge_perception.runtime import document, schema
from edge_perception.runtime.dtypes import ELEMENT_TYPES
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import (
    FORMAT,
    GROUPS,
    Manifest,
    MANIFEST_NAME,
    Model,
    RECORD_FORMAT,
    RECORD_NAME,
)
from edge_perception.runtime.proof import LARGEST_TOLERANCE, PENDING, PROVEN
from edge_perception.runtime.record import Record

LARGEST_TENSOR = 2**31  # elements
_PROOFS = ((PROVEN, False), (PENDING, True))
MOST_ANSWERS = 16
"""To a self-test: more than there are instruction sets."""


def model_to_json(model: Model) -> str:
    """Return the text that the generator compiles into the library, ``edge_describe()``."""
    return document.canonical(schema.encode(model))


def model_from_json(text: str) -> Model:
    """
    Read the text of ``edge_describe()``.

    :raises BundleError: if it is not a model description.
    """
    model = schema.decode(Model, schema.parse(text, "the model's description"), "$")
    _check_model(model)
    return model


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """
    Write ``manifest.json`` into ``directory``, completely or not at all.

    :raises BundleError: if the manifest holds what its schema does not allow.
    """
    manifest = schema.decode(Manifest, schema.encode(manifest))
    _check_manifest(manifest)
    document.write(directory / MANIFEST_NAME, document.text_of(FORMAT, manifest))


def write_record(directory: Path, record: Record) -> None:
    """
    Write ``record.json`` into ``directory``, completely or not at all.

    :raises BundleError: if it holds what its schema does not allow.
    """
    record = schema.decode(Record, schema.encode(record))
    _check_record(record)
    document.write(directory / RECORD_NAME, document.text_of(RECORD_FORMAT, record))


def parse_manifest(content: bytes, path: Path) -> Manifest:
    """
    Read the content of a manifest.

    :param path: names it in errors.
    :raises BundleError: if it is damaged or of an unknown version.
    """
    return document.decode(content, path, FORMAT, Manifest, _check_manifest)


def parse_record(content: bytes, path: Path) -> Record:
    """
    Read the content of a record.

    :param path: names it in errors.
    :raises BundleError: if it is damaged or of an unknown version.
    """
    return document.decode(content, path, RECORD_FORMAT, Record, _check_record)


def _check_manifest(manifest: Manifest) -> None:
    _check_model(manifest.model, "$.model")
    document.check_files(manifest.files)
    if not 0 < manifest.proof.tolerance <= LARGEST_TOLERANCE:
        raise BundleError(
            f"$.proof.tolerance is {manifest.proof.tolerance:g}, expected more than 0 and at most "
            f"{LARGEST_TOLERANCE}: a self-test must be able to fail"
        )
    if (manifest.proof.state, bool(manifest.proof.missing)) not in _PROOFS:
        raise BundleError(
            f"$.proof.state is {manifest.proof.state!r} with {manifest.proof.missing!r} missing, "
            f"expected {PROVEN!r} with nothing, or {PENDING!r} with what the proof waits for"
        )
    if not 1 <= manifest.proof.answers <= MOST_ANSWERS:
        raise BundleError(
            f"$.proof.answers is {manifest.proof.answers}, expected 1 to {MOST_ANSWERS}"
        )
    for role in ("library", "selftest"):
        if getattr(manifest, role) not in manifest.files:
            raise BundleError(f"$.{role} is not one of $.files")


def _check_record(record: Record) -> None:
    document.check_files(record.files)


def _check_model(model: Model, path: str = "$") -> None:
    """Check what the loader relies on when it allocates memory."""
    for group, tensors in (("inputs", model.inputs), ("outputs", model.outputs)):
        if not tensors or len({tensor.name for tensor in tensors}) != len(tensors):
            raise BundleError(f"{path}.{group} must be tensors with different names")
        for i, tensor in enumerate(tensors):
            _check_shape(tensor.shape, f"{path}.{group}[{i}].shape")
            _check_type(tensor.dtype, f"{path}.{group}[{i}].dtype")
    for i, step in enumerate(model.steps):
        _check_shape(step.shape, f"{path}.steps[{i}].shape")
        _check_type(step.dtype, f"{path}.steps[{i}].dtype")
        if step.group not in GROUPS:
            raise BundleError(f"{path}.steps[{i}].group {step.group!r} is unknown")


def _check_type(name: str, path: str) -> None:
    if name not in ELEMENT_TYPES:
        raise BundleError(f"{path} {name!r} is unknown")


def _check_shape(shape: tuple[int, ...], path: str) -> None:
    if any(size < 1 for size in shape) or math.prod(shape) > LARGEST_TENSOR:
        raise BundleError(f"{path} {list(shape)} is impossible")
