"""
Reading and writing a bundle's manifest, and checking the bundle's files against it.

The text of ``manifest.json`` is canonical: the same manifest always gives the same bytes. So any
changed byte is noticed, either because the text is no longer canonical or because the digest, a
SHA-256 over the manifest without the digest itself, no longer fits. This guards against damage and
accidental edits, not against an attacker: whoever can write the bundle can write a new digest.

The functions on an open `Folder` read all that they need from there.
"""

from __future__ import annotations

from collections.abc import Collection
import hashlib
import json
import math
import os
from pathlib import Path, PurePosixPath
from typing import Any

from edge_perception.runtime import schema
from edge_perception.runtime.dtypes import ELEMENT_TYPES
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.folder import Folder, LARGEST_FILE
from edge_perception.runtime.manifest import (
    FORMAT,
    GROUPS,
    Manifest,
    MANIFEST_NAME,
    Model,
    PENDING,
    PROVEN,
    VERSION,
)

LARGEST_MANIFEST = 16 * 2**20
LARGEST_TENSOR = 2**31  # elements
_PROOFS = ((PROVEN, False), (PENDING, True))
LARGEST_TOLERANCE = 0.1
"""Of a self-test: with the 1 that an output of zeros is off by, nothing could fail."""


def model_to_json(model: Model) -> str:
    """Return the text that the generator compiles into the library, ``edge_describe()``."""
    return _canonical(schema.encode(model))


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
    content = _manifest_text(manifest).encode()
    if len(content) > LARGEST_MANIFEST:
        raise BundleError(
            f"the manifest would have {len(content)} bytes, at most {LARGEST_MANIFEST} are allowed"
        )
    temporary = directory / (MANIFEST_NAME + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / MANIFEST_NAME)


def read_manifest(bundle: str | Path, check: bool = True) -> Manifest:
    """
    Read and check the manifest of a bundle.

    :param check: also check that the bundle's files are those that the manifest lists.
    :raises BundleError: if the bundle is missing, damaged or of an unknown version.
    """
    with Folder(bundle) as folder:
        manifest = manifest_of(folder)
        if check:
            check_files(folder, manifest)
    return manifest


def manifest_of(folder: Folder) -> Manifest:
    """
    Read and check the manifest of an open bundle.

    :raises BundleError: if it is missing, damaged or of an unknown version.
    """
    path = folder.path / MANIFEST_NAME
    text = _read_text(folder, path)
    document = schema.parse(text, str(path))
    try:
        manifest = _decode_document(document)
        _check_manifest(manifest)
    except BundleError as error:
        raise BundleError(
            f"{path} can't be used: {error}; compile the bundle again with edgec compile"
        ) from None
    if text != _manifest_text(manifest):
        raise BundleError(
            f"{path} was changed after edgec wrote it: its digest does not fit; "
            "compile the bundle again with edgec compile"
        )
    return manifest


def check_files(folder: Folder, manifest: Manifest, except_for: Collection[str] = ()) -> None:
    """
    Compare an open bundle's files with what the manifest says of them.

    :param except_for: files that are left out.
    :raises BundleError: naming the first file that is missing or changed.
    """
    for name, stated in manifest.files.items():
        if name not in except_for:
            for _ in folder.blocks(name, stated):
                pass


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _manifest_text(manifest: Manifest) -> str:
    content = {"format": FORMAT, "version": VERSION, **schema.encode(manifest)}
    digest = hashlib.sha256(_canonical(content).encode(errors="surrogatepass")).hexdigest()
    return json.dumps({**content, "digest": digest}, ensure_ascii=False, indent=1) + "\n"


def _read_text(folder: Folder, path: Path) -> str:
    try:
        with folder.open(path.name) as file:
            content = file.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise BundleError(
            f"{path} can't be read ({error.strerror}); is {folder.path} a bundle of edgec compile?"
        ) from None
    if len(content) > LARGEST_MANIFEST:
        raise BundleError(f"{path} is larger than any manifest; is it one?")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(f"{path} is damaged: it is not UTF-8 text") from None


def _decode_document(document: Any) -> Manifest:
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise BundleError(f'$.format is not "{FORMAT}"')
    version = document.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise BundleError(f"$.version is {version!r}, this software reads version {VERSION}")
    if not isinstance(document.pop("digest", None), str):
        raise BundleError("$.digest is missing")
    return schema.decode(Manifest, document)


def _check_manifest(manifest: Manifest) -> None:
    _check_model(manifest.model, "$.model")
    for name, file in manifest.files.items():
        _check_file_name(name)
        if not 0 <= file.bytes <= LARGEST_FILE:
            raise BundleError(f"$.files.{name}.bytes {file.bytes} is impossible")
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
    for role in ("library", "selftest"):
        if getattr(manifest, role) not in manifest.files:
            raise BundleError(f"$.{role} is not one of $.files")


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


def _check_file_name(name: str) -> None:
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and str(path) == name
    if not plain or path.is_absolute() or ".." in path.parts or name in (".", MANIFEST_NAME):
        raise BundleError(f"$.files has {name!r}, which is no file name inside the bundle")
