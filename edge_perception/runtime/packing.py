"""All files of a bundle in one order, to be copied or packed into one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path
from typing import BinaryIO

from edge_perception.runtime import document
from edge_perception.runtime.contents import Contents, contents_of, open_bundle
from edge_perception.runtime.files import Files
from edge_perception.runtime.manifest import (
    FORMAT,
    MANIFEST_NAME,
    RECORD_FORMAT,
    RECORD_NAME,
    SIGNATURE_NAME,
)
from edge_perception.runtime.packed import write_packed
from edge_perception.runtime.place import check_place
from edge_perception.runtime.signature import text_of
from edge_perception.runtime.swap import exchange, workplace


def blocks_of(files: Files, contents: Contents) -> Iterator[tuple[str, Iterable[bytes]]]:
    """
    Yield the files of an open bundle, and what they hold, piece by piece; it is checked.

    The same bundle gives the same bytes in the same order.

    :param contents: of the bundle.
    :raises BundleError: if a file is missing or changed.
    """
    yield MANIFEST_NAME, [document.text_of(FORMAT, contents.manifest).encode()]
    if contents.signature is not None:
        yield SIGNATURE_NAME, [text_of(contents.signature)]
    yield RECORD_NAME, [document.text_of(RECORD_FORMAT, contents.record).encode()]
    for name, stated in sorted({**contents.record.files, **contents.manifest.files}.items()):
        yield name, files.blocks(name, stated)


def pack(bundle: Path, out: Path) -> Contents:
    """
    Write a bundle into one file, completely or not at all.

    :param out: replaced if it is a bundle.
    :raises BundleError: if the bundle is damaged, or ``out`` is something else.
    :raises OSError: if it can't be written.
    """
    place = Path(os.path.realpath(out))
    check_place(place)
    with open_bundle(bundle) as files, workplace(place) as scratch:
        contents = contents_of(files)
        new = scratch / "new"
        write_file(new, files, contents)
        exchange(new, place)
    return contents


def write_file(path: Path, files: Files, contents: Contents) -> None:
    """Pack an open bundle into a new file, that only its owner may change."""
    with new_file(path) as file:
        write_packed(file, blocks_of(files, contents))


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """
    Give a new file, which is on the disk at the end, and that only its owner may change.

    :raises OSError: if it can't be written; names it if the disk is full.
    """
    try:
        with path.open("xb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
