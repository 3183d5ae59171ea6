"""
Texts of a bundle that say what its other files are: canonical JSON with a digest of its own.

The same content always gives the same bytes. So any changed byte is noticed, either because the
text is no longer canonical or because the digest, a SHA-256 over the content without the digest
itself, no longer fits. This guards against damage and accidental edits, not against an attacker:
whoever can write the bundle can write a new digest. Against that there are signatures
(`signature`).
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
import os
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from edge_perception.runtime import schema
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files, LARGEST_FILE
from edge_perception.runtime.manifest import BundleFile, OWN_FILES, VERSION

T = TypeVar("T")

LARGEST_DOCUMENT = 16 * 2**20
REMEDY = "compile the bundle again with edgec compile"


def canonical(value: Any) -> str:
    """Return the shortest JSON of a value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def text_of(kind: str, value: Any) -> str:
    """
    Return the text of a document.

    :param kind: says what it is, in its field "format".
    :param value: a dataclass.
    """
    content = {"format": kind, "version": VERSION, **schema.encode(value)}
    digest = hashlib.sha256(canonical(content).encode(errors="surrogatepass")).hexdigest()
    return json.dumps({**content, "digest": digest}, ensure_ascii=False, indent=1) + "\n"


def write(path: Path, text: str) -> None:
    """
    Write a document, completely or not at all.

    :raises BundleError: if it is too large to be read again.
    """
    content = text.encode()
    if len(content) > LARGEST_DOCUMENT:
        raise BundleError(
            f"{path.name} would have {len(content)} bytes, at most {LARGEST_DOCUMENT} are allowed"
        )
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_bytes(files: Files, name: str) -> bytes:
    """
    Return the content of a document or a signature.

    :raises BundleError: if it is missing, or larger than any.
    """
    path = files.path / name
    try:
        with files.open(name) as file:
            content = file.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise BundleError(
            f"{path} can't be read ({error.strerror}); is {files.path} a bundle of edgec compile?"
        ) from None
    if len(content) > LARGEST_DOCUMENT:
        raise BundleError(f"{path} is larger than any {name}; is it one?")
    return content


def decode(content: bytes, path: Path, kind: str, cls: type[T], check: Callable[[T], None]) -> T:
    """
    Read a document.

    :param path: names it in errors.
    :param check: raises BundleError if the document's values are impossible.
    :raises BundleError: if it is damaged, changed, or of an unknown version.
    """
    try:
        parsed = schema.parse(content.decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise BundleError(f"{path} is damaged: it is not UTF-8 text") from None
    try:
        value = schema.decode(cls, _fields(parsed, kind))
        check(value)
    except BundleError as error:
        raise BundleError(f"{path} can't be used: {error}; {REMEDY}") from None
    if content != text_of(kind, value).encode(errors="surrogatepass"):
        raise BundleError(
            f"{path} was changed after edgec wrote it: its digest does not fit; {REMEDY}"
        )
    return value


def check_files(files: dict[str, BundleFile]) -> None:
    """
    Check the names and sizes of files that a document lists.

    :raises BundleError: if one is impossible.
    """
    for name, file in files.items():
        _check_file_name(name)
        if not 0 <= file.bytes <= LARGEST_FILE:
            raise BundleError(f"$.files.{name}.bytes {file.bytes} is impossible")


def _fields(document: Any, kind: str) -> Any:
    if not isinstance(document, dict) or document.pop("format", None) != kind:
        raise BundleError(f'$.format is not "{kind}"')
    version = document.pop("version", None)
    if version != VERSION or isinstance(version, bool):
        raise BundleError(f"$.version is {version!r}, this software reads version {VERSION}")
    if not isinstance(document.pop("digest", None), str):
        raise BundleError("$.digest is missing")
    return document


def _check_file_name(name: str) -> None:
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and str(path) == name
    inside = not path.is_absolute() and ".." not in path.parts and name != "."
    if not plain or not inside or name in OWN_FILES:
        raise BundleError(f"$.files has {name!r}, which is no file name inside the bundle")
