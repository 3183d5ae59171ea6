"""
Installing bundles: a checked copy takes the place of what was there at one moment.

A bundle that is copied over another file by file is for some time neither of the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import os
from pathlib import Path

from edge_perception.runtime.architecture import architecture
from edge_perception.runtime.contents import (
    Contents,
    contents_of,
    open_bundle,
    read_manifest,
    Trust,
)
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files
from edge_perception.runtime.load import check_variants
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.packed import Packed
from edge_perception.runtime.packing import blocks_of, new_file, write_file
from edge_perception.runtime.place import check_place
from edge_perception.runtime.swap import exchange, workplace


@dataclass(frozen=True)
class Installed:
    """
    What was installed.

    :ivar selftest_errors: relative error by instruction set; empty if the bundle is for another
        kind of processor than this machine has.
    """

    contents: Contents
    selftest_errors: dict[str, float]


def install(
    bundle: str | Path,
    destination: str | Path,
    trust: Trust | None = None,
    allow_downgrade: bool = False,
) -> Installed:
    """
    Copy a bundle to ``destination``, check the copy, and let it take the place of what is there.

    Robots that run the old one go on with it, until they load the bundle again. It is kept beside
    the new one, for `roll_back`.

    :param destination: the bundle's new path; a bundle that is there is replaced.
    :param trust: whose bundles are accepted; None: anybody's, signed or not.
    :param allow_downgrade: accept one that was signed before the one that is there.
    :raises BundleError: if the bundle is damaged, fails its self-test or is not trusted, or if the
        destination is something else, or holds files that are not the bundle's; it is then as it
        was.
    :raises OSError: if it can't be written.
    """
    place = Path(os.path.realpath(destination))
    check_place(place)
    if trust is not None and not allow_downgrade:
        trust = replace(trust, since=max(trust.since, _signed_at(place)))
    with open_bundle(bundle) as source, workplace(place) as scratch:
        contents = contents_of(source, trust)
        new = scratch / "new"
        if isinstance(source, Packed):
            write_file(new, source, contents)
        else:
            _copy(source, contents, new)
        native = contents.manifest.model.target.split("-")[0] == architecture()
        errors = check_variants(new) if native else {}
        replaced = os.path.lexists(place)
        exchange(new, place)
        if replaced:
            exchange(new, _last(place))
        _flush(place.parent)
    return Installed(contents, errors)


def roll_back(destination: str | Path) -> Manifest:
    """
    Let the bundle that was installed before take the place of the one that is there, and back.

    :returns: the manifest of the one that is there then.
    :raises BundleError: if none is kept, or it is damaged.
    """
    place = Path(os.path.realpath(destination))
    last = _last(place)
    if not os.path.lexists(last):
        raise BundleError(f"{last} does not exist: nothing was installed over {place} yet")
    manifest = read_manifest(last)
    exchange(last, place)
    _flush(place.parent)
    return manifest


def _last(place: Path) -> Path:
    """Return where the bundle is kept that was at a place before."""
    return place.with_name(f"{place.name}.last")


def _signed_at(place: Path) -> int:
    """Return when what is at a place was signed; 0: not known."""
    try:
        with open_bundle(place) as files:
            return contents_of(files).signed_at
    except BundleError:
        return 0


def _copy(source: Files, contents: Contents, new: Path) -> None:
    """Write a bundle that only its owner may change, whatever the umask."""
    _make_folder(new)
    for name, blocks in blocks_of(source, contents):
        path = new / name
        for parent in reversed(path.relative_to(new).parents[:-1]):
            _make_folder(new / parent)
        with new_file(path) as file:
            file.writelines(blocks)
    for folder, _, _ in os.walk(new, topdown=False):
        _flush(Path(folder))


def _make_folder(path: Path) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.fsync(descriptor)
    os.close(descriptor)
