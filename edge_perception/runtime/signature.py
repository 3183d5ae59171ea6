"""
Who has signed a file: Ed25519 signatures in minisign's format, which Debian's ``minisign`` reads.

Signed is the BLAKE2b digest of the file, and, beside the signature, a comment. Source: minisign's
description of its formats, https://jedisct1.github.io/minisign.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import re
import struct

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import file_blocks

SUFFIX = ".minisig"
LARGEST = 4096
"""Bytes of a key's or signature's file."""
_KEY, _LEGACY, _PREHASHED = b"Ed", b"Ed", b"ED"
_REMARK, _TRUSTED = "untrusted comment: ", "trusted comment: "
_FORM = struct.Struct("<2s8s64s")
NEEDED = "signatures need the package cryptography: pip install cryptography"


@dataclass(frozen=True)
class PublicKey:
    """
    A key that signatures are checked with.

    :ivar number: tells keys apart; chosen when the key was made.
    """

    number: bytes
    key: bytes

    @property
    def name(self) -> str:
        """What minisign calls it."""
        return key_name(self.number)


@dataclass(frozen=True)
class Signature:
    """
    What the file of a signature says, not checked yet.

    :ivar number: of the key.
    :ivar comment: that is signed with it.
    :ivar whole: the signature of signature and comment.
    :ivar remark: that is not signed.
    """

    number: bytes
    signature: bytes
    comment: str
    whole: bytes
    remark: str = "signature of edgec sign"

    @property
    def name(self) -> str:
        """What minisign calls the key."""
        return key_name(self.number)

    def field(self, name: str) -> str:
        """Return what the comment says of something, as of "timestamp"; empty: nothing."""
        found = re.search(rf"(?:^|\t){name}:([^\t]*)", self.comment)
        return found[1] if found else ""


def key_name(number: bytes) -> str:
    """Return what minisign calls a key."""
    return f"{int.from_bytes(number, 'little'):016X}"


def parse_key(text: str) -> PublicKey:
    """
    Read a public key: the two lines of its file, or the last of them alone.

    :raises BundleError: if it is none.
    """
    lines = text.split("\n")
    content = _decoded(lines[1] if lines[0].startswith(_REMARK) else text)
    if len(content) != 42 or content[:2] != _KEY:
        raise BundleError(
            f"{text[:60]!r} is no public key: expected 56 characters that begin with RW, as "
            "edgec keygen and minisign write them"
        )
    return PublicKey(content[2:10], content[10:])


def text_of_key(key: PublicKey) -> str:
    """Return the text of a public key, without its file's first line."""
    return base64.b64encode(_KEY + key.number + key.key).decode()


def read_key(path: Path) -> PublicKey:
    """
    Read the file of a public key.

    :raises BundleError: if it is none.
    """
    text = b"".join(file_blocks(path, LARGEST)).decode("utf-8", "replace")
    try:
        return parse_key(text)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from None


def find_key(given: str) -> PublicKey:
    """
    Return the public key that somebody has given: its text, or the name of its file.

    :raises BundleError: if it is none.
    """
    path = Path(given)
    return read_key(path) if path.exists() else parse_key(given)


def parse_signature(content: bytes, path: Path) -> Signature:
    """
    Read a signature.

    :param path: names it in errors.
    :raises BundleError: if it is none, or of minisign's old kind that signs no digest.
    """
    lines = content.decode("utf-8", "replace").split("\n")
    refusal = BundleError(f"{path} is damaged, or no signature of edgec sign or minisign")
    if len(content) > LARGEST or len(lines) != 5 or lines[4]:
        raise refusal
    if not lines[0].startswith(_REMARK) or not lines[2].startswith(_TRUSTED):
        raise refusal
    first, whole = _decoded(lines[1]), _decoded(lines[3])
    if len(first) != _FORM.size or len(whole) != 64:
        raise refusal
    kind, number, signature = _FORM.unpack(first)
    if kind == _LEGACY:
        raise BundleError(f"{path} has a signature of the old kind; sign again with minisign -H")
    if kind != _PREHASHED:
        raise refusal
    return Signature(
        number, signature, lines[2].removeprefix(_TRUSTED), whole, lines[0].removeprefix(_REMARK)
    )


def check_signature(
    content: bytes, signature: Signature, keys: Sequence[PublicKey], path: Path
) -> None:
    """
    Check that one of some keys has signed a file.

    :param content: of the file.
    :param path: names it in errors.
    :raises BundleError: if none has.
    """
    signer = key_name(signature.number)
    known = [key for key in keys if key.number == signature.number]
    if not known:
        names = ", ".join(key.name for key in keys) or "none"
        raise BundleError(
            f"{path} is signed by the key {signer}, which is not trusted here; trusted: {names}"
        )
    digest = hashlib.blake2b(content).digest()
    whole = signature.signature + signature.comment.encode()
    if not any(
        _is_signed(digest, signature.signature, key) and _is_signed(whole, signature.whole, key)
        for key in known
    ):
        raise BundleError(
            f"{path} is not what the key {signer} has signed: it was changed, or its signature; "
            "copy both again from who has signed them"
        )


def text_of(signature: Signature) -> bytes:
    """Return the content of a signature's file."""
    first = _FORM.pack(_PREHASHED, signature.number, signature.signature)
    return (
        f"{_REMARK}{signature.remark}\n"
        f"{base64.b64encode(first).decode()}\n"
        f"{_TRUSTED}{signature.comment}\n"
        f"{base64.b64encode(signature.whole).decode()}\n"
    ).encode()


def _is_signed(content: bytes, signature: bytes, key: PublicKey) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise BundleError(NEEDED) from None
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    """Return what a line of base64 stands for; nothing if it is damaged."""
    try:
        content = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return content if base64.b64encode(content).decode() == text.strip() else b""
