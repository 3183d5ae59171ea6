"""
Secret keys, in minisign's format.

Source: minisign's description of its formats, https://jedisct1.github.io/minisign. A key is
encrypted by a password through scrypt, whose cost stands in the file as libsodium states it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getpass, GetPassWarning
import hashlib
import os
from pathlib import Path
import secrets
import struct
import sys
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

from edge_compiler.errors import CompileError
from edge_perception.runtime.signature import (
    key_name,
    LARGEST,
    NEEDED,
    PublicKey,
    Signature,
    text_of_key,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_FORM = struct.Struct("<2s2s2s32sQQ104s")
_KEY, _SCRYPT, _OPEN, _BLAKE2 = b"Ed", b"Sc", b"\0\0", b"B2"
_OPERATIONS, _MEMORY = 2**22, 2**27  # libsodium's opslimit and memlimit [bytes] of new keys
_MOST_MEMORY = 2**30  # of a key's file, so that it can't exhaust this machine
_BLOCK_SIZE = 8  # scrypt's r, the only one that libsodium chooses


@dataclass(frozen=True)
class SecretKey:
    """
    A key that signs.

    :ivar pair: seed and public key, as Ed25519 has them.
    """

    number: bytes
    pair: bytes

    @property
    def public(self) -> PublicKey:
        """What signatures of it are checked with."""
        return PublicKey(self.number, self.pair[32:])

    def sign(self, content: bytes, comment: str) -> Signature:
        """Sign a file's content, and a comment with it."""
        key = _private(self.pair[:32])
        signature = key.sign(hashlib.blake2b(content).digest())
        whole = key.sign(signature + comment.encode())
        return Signature(self.number, signature, comment, whole)


def make_key() -> SecretKey:
    """Return a new key."""
    seed = secrets.token_bytes(32)
    public = _private(seed).public_key().public_bytes_raw()
    return SecretKey(secrets.token_bytes(8), seed + public)


def write_keys(key: SecretKey, secret: Path, public: Path, password: str) -> None:
    """
    Write both files of a new key.

    :param password: that protects the secret one; empty: nothing does.
    :raises CompileError: if there is a file of that name already.
    """
    for path in (secret, public):
        if os.path.lexists(path):
            raise CompileError(f"{path} exists; choose another name, no key is overwritten")
    name, salt = key_name(key.number), secrets.token_bytes(32)
    inner = key.number + key.pair + _checksum(key)
    if password:
        inner = _masked(inner, password, salt, _OPERATIONS, _MEMORY)
        content = _FORM.pack(_KEY, _SCRYPT, _BLAKE2, salt, _OPERATIONS, _MEMORY, inner)
    else:
        content = _FORM.pack(_KEY, _OPEN, _BLAKE2, bytes(32), 0, 0, inner)
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"untrusted comment: secret key {name}\n{base64.b64encode(content).decode()}\n")
    public.write_text(f"untrusted comment: public key {name}\n{text_of_key(key.public)}\n")


def read_secret(path: Path, password: Callable[[], str]) -> SecretKey:
    """
    Read the file of a secret key.

    :param path: may be a pipe, of what keeps secrets.
    :param password: is asked for it if the key has one.
    :raises CompileError: if the file can't be read, is no secret key, or the password is wrong.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(LARGEST).split(b"\n")
    except OSError as error:
        raise CompileError(f"{path} can't be read ({error.strerror})") from error
    try:
        content = base64.b64decode(lines[1], validate=True)
        kind, cipher, sums, salt, operations, memory, inner = _FORM.unpack(content)
    except (IndexError, ValueError, struct.error):
        kind = cipher = sums = b""
    if kind != _KEY or cipher not in (_SCRYPT, _OPEN) or sums != _BLAKE2:
        raise CompileError(f"{path} is no secret key of edgec keygen or minisign")
    if cipher == _SCRYPT:
        if memory > _MOST_MEMORY:
            raise CompileError(f"{path} needs {memory} bytes of memory to be read: is it damaged?")
        inner = _masked(inner, password(), salt, operations, memory)
    key = SecretKey(inner[:8], inner[8:72])
    if cipher == _SCRYPT and _checksum(key) != inner[72:]:  # minisign writes none without
        raise CompileError(f"{path}: wrong password")
    return key


def _private(seed: bytes) -> Ed25519PrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise CompileError(NEEDED) from None
    return Ed25519PrivateKey.from_private_bytes(seed)


def _checksum(key: SecretKey) -> bytes:
    return hashlib.blake2b(_KEY + key.number + key.pair, digest_size=32).digest()


def _masked(inner: bytes, password: str, salt: bytes, operations: int, memory: int) -> bytes:
    """Encrypt or decrypt what a key's file holds."""
    n, p = _scrypt_cost(operations, memory)
    stream = hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=n,
        r=_BLOCK_SIZE,
        p=p,
        maxmem=_MOST_MEMORY + 2**25,  # scrypt itself needs a little more
        dklen=len(inner),
    )
    return bytes(a ^ b for a, b in zip(inner, stream, strict=True))


def _scrypt_cost(operations: int, memory: int) -> tuple[int, int]:
    """Return scrypt's N and p as libsodium derives them (pickparams)."""
    operations = max(operations, 2**15)
    by_operations = operations < memory // 32
    most = operations // (4 * _BLOCK_SIZE) if by_operations else memory // (128 * _BLOCK_SIZE)
    n = 2
    while n <= most // 2:
        n *= 2
    if by_operations:
        return n, 1
    return n, max(1, min(operations // 4 // n, 2**30 - 1) // _BLOCK_SIZE)


def new_password(path: Path) -> str:
    """
    Ask twice for the password of a new key.

    :raises CompileError: if nobody answers, or not twice the same.
    """
    first = _asked(f"password of {path}: ")
    if not first:
        raise CompileError("no password was given; --no-password makes a key without")
    if first != _asked("once more: "):
        raise CompileError("the two passwords differ; nothing was written")
    return first


def known_password(path: Path) -> str:
    """Ask for the password of a key."""
    return _asked(f"password of {path}: ")


def _asked(prompt: str) -> str:
    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)
            return getpass(prompt)
    except GetPassWarning:  # there is no terminal, so nothing is echoed
        if line := sys.stdin.readline():
            return line.rstrip("\n")
    except EOFError:
        pass
    raise CompileError(
        "the password was not given, and there is no terminal to ask for it: write it to standard "
        "input, one a line"
    )
