"""Signing bundles, and other files that robots read."""

from __future__ import annotations

from dataclasses import replace
import hashlib
from pathlib import Path
import time

from edge_compiler.signing.secret import SecretKey
from edge_perception.runtime import document
from edge_perception.runtime.contents import (
    contents_of,
    open_bundle,
    RECORD_FIELD,
    TIME_FIELD,
)
from edge_perception.runtime.files import file_blocks, LARGEST_FILE
from edge_perception.runtime.manifest import (
    FORMAT,
    Manifest,
    MANIFEST_NAME,
    RECORD_FORMAT,
    SIGNATURE_NAME,
)
from edge_perception.runtime.packing import write_file
from edge_perception.runtime.record import Record
from edge_perception.runtime.signature import Signature, SUFFIX, text_of
from edge_perception.runtime.swap import exchange, workplace


def sign_file(path: Path, key: SecretKey) -> Path:
    """
    Sign a file; the signature lies beside it.

    :raises BundleError: if it can't be read.
    :returns: the file of the signature.
    """
    content = b"".join(file_blocks(path, LARGEST_FILE))
    out = path.with_name(path.name + SUFFIX)
    document.write(out, text_of(key.sign(content, _comment(path.name))).decode())
    return out


def sign_bundle(bundle: Path, key: SecretKey) -> None:
    """
    Sign a bundle, be it a folder or packed, in place of who has signed it before.

    :raises BundleError: if it is damaged.
    """
    place = bundle.resolve()
    with open_bundle(place) as files:
        contents = contents_of(files)
        signature = _of_bundle(contents.manifest, contents.record, key)
        if place.is_dir():
            document.write(place / SIGNATURE_NAME, text_of(signature).decode())
            return
        with workplace(place) as scratch:
            write_file(scratch / "new", files, replace(contents, signature=signature))
            exchange(scratch / "new", place)


def _of_bundle(manifest: Manifest, record: Record, key: SecretKey) -> Signature:
    """Sign the manifest, and with it the record, which is of this build alone."""
    digest = hashlib.sha256(document.text_of(RECORD_FORMAT, record).encode()).hexdigest()
    comment = f"{_comment(MANIFEST_NAME)}\t{RECORD_FIELD}:{digest}"
    return key.sign(document.text_of(FORMAT, manifest).encode(), comment)


def _comment(name: str) -> str:
    """Return what minisign says of a file by default."""
    return f"{TIME_FIELD}:{int(time.time())}\tfile:{name}\thashed"
