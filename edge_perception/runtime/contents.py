"""
What a bundle says of itself, read together: manifest, record and signature.

All is read once, so that what was checked is what is used.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path

from edge_perception.runtime.bundle import parse_manifest, parse_record
from edge_perception.runtime.document import read_bytes
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files
from edge_perception.runtime.folder import Folder
from edge_perception.runtime.manifest import Manifest, MANIFEST_NAME, RECORD_NAME, SIGNATURE_NAME
from edge_perception.runtime.packed import Packed
from edge_perception.runtime.record import Record
from edge_perception.runtime.signature import (
    check_signature,
    parse_signature,
    PublicKey,
    Signature,
)

RECORD_FIELD, TIME_FIELD = "record", "timestamp"
"""Of a signature's comment: the SHA-256 of the record, and when it was signed."""


@dataclass(frozen=True)
class Trust:
    """
    Whose bundles are accepted.

    :ivar keys: one of them must have signed it.
    :ivar since: in seconds since 1970; a bundle that was signed earlier is refused.
    """

    keys: tuple[PublicKey, ...]
    since: int = 0


@dataclass(frozen=True)
class Contents:
    """
    What a bundle says of itself.

    :ivar signature: None: it has none. It was checked only if somebody is trusted.
    """

    manifest: Manifest
    record: Record
    signature: Signature | None

    @property
    def count(self) -> int:
        """How many files it lists."""
        return len(self.manifest.files) + len(self.record.files)

    @property
    def is_signed(self) -> bool:
        """Whether it has a signature."""
        return self.signature is not None

    @property
    def signed_at(self) -> int:
        """When it was signed, in seconds since 1970; 0: not known."""
        stated = self.stated(TIME_FIELD)
        return int(stated) if stated.isascii() and stated.isdigit() else 0

    @property
    def record_is_signed(self) -> bool:
        """Whether the signature holds for the record, too: not if minisign has signed."""
        return bool(self.stated(RECORD_FIELD))

    def stated(self, field: str) -> str:
        """Return what the signature's comment says of something; empty: nothing."""
        return "" if self.signature is None else self.signature.field(field)


def open_bundle(bundle: str | Path) -> Files:
    """
    Open a bundle, be it a folder or packed into one file.

    :raises BundleError: if there is none.
    """
    return Packed(bundle) if os.path.isfile(bundle) else Folder(bundle)


def contents_of(files: Files, trust: Trust | None = None) -> Contents:
    """
    Read and check what an open bundle says of itself.

    :param trust: whose bundles are accepted; None: anybody's, signed or not.
    :raises BundleError: if it is missing, damaged, of an unknown version, or not signed by whom
        it should be.
    """
    content = read_bytes(files, MANIFEST_NAME)
    signature = _signature_of(files)
    if trust is not None:
        _check_trust(files.path, content, signature, trust)
    manifest = parse_manifest(content, files.path / MANIFEST_NAME)
    record, content = _record_of(files)
    contents = Contents(manifest, record, signature)
    if trust is not None:
        _check_record(files.path, content, contents, trust)
    return contents


def read_contents(bundle: str | Path, trust: Trust | None = None) -> Contents:
    """
    Read what a bundle says of itself, and check its files; see `contents_of`.

    :raises BundleError: if it can't be used.
    """
    with open_bundle(bundle) as files:
        contents = contents_of(files, trust)
        check_files(files, contents)
    return contents


def read_manifest(bundle: str | Path, check: bool = True) -> Manifest:
    """
    Read and check the manifest of a bundle.

    :param check: also check that the bundle's files are those that manifest and record list.
    :raises BundleError: if the bundle is missing, damaged or of an unknown version.
    """
    if check:
        return read_contents(bundle).manifest
    with open_bundle(bundle) as files:
        return parse_manifest(read_bytes(files, MANIFEST_NAME), files.path / MANIFEST_NAME)


def read_record(bundle: str | Path) -> Record:
    """
    Read and check the record of a bundle.

    :raises BundleError: if the bundle is missing, damaged or of an unknown version.
    """
    with open_bundle(bundle) as files:
        return _record_of(files)[0]


def check_files(files: Files, contents: Contents, except_for: Collection[str] = ()) -> None:
    """
    Compare an open bundle's files with what it says of them.

    :param except_for: files that are left out.
    :raises BundleError: naming the first file that is missing or changed.
    """
    for name, stated in {**contents.record.files, **contents.manifest.files}.items():
        if name not in except_for:
            for _ in files.blocks(name, stated):
                pass


def _record_of(files: Files) -> tuple[Record, bytes]:
    """Return the record, and its text."""
    content = read_bytes(files, RECORD_NAME)
    return parse_record(content, files.path / RECORD_NAME), content


def _signature_of(files: Files) -> Signature | None:
    if not files.has(SIGNATURE_NAME):
        return None
    return parse_signature(read_bytes(files, SIGNATURE_NAME), files.path / SIGNATURE_NAME)


def _check_trust(bundle: Path, manifest: bytes, signature: Signature | None, trust: Trust) -> None:
    if signature is None:
        names = ", ".join(key.name for key in trust.keys) or "none"
        raise BundleError(
            f"{bundle} is not signed, and only what one of these keys has signed is accepted: "
            f"{names}; sign it with edgec sign"
        )
    check_signature(manifest, signature, trust.keys, bundle / MANIFEST_NAME)


def _check_record(bundle: Path, record: bytes, contents: Contents, trust: Trust) -> None:
    stated = contents.stated(RECORD_FIELD)
    if stated and stated != hashlib.sha256(record).hexdigest():
        raise BundleError(
            f"{bundle / RECORD_NAME} is not what was signed with the bundle; copy it again"
        )
    if contents.signed_at < trust.since:
        raise BundleError(
            f"{bundle} was signed before the bundle that it would take the place of; "
            "allow_downgrade (--allow-downgrade) accepts older ones"
        )
