"""
Installing bundles: a checked copy takes the place of what was there at one moment.

A bundle that is copied over another file by file is for some time neither of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import os
from pathlib import Path

from edge_perception.runtime.architecture import architecture
from edge_perception.runtime.bundle import LARGEST_MANIFEST, manifest_of, write_manifest
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.folder import Folder
from edge_perception.runtime.load import check_variants
from edge_perception.runtime.manifest import FORMAT, Manifest, MANIFEST_NAME
from edge_perception.runtime.schema import parse
from edge_perception.runtime.swap import exchange, workplace

_LISTED = 3
"""More files than that are not listed in an error message."""


@dataclass(frozen=True)
class Installed:
    """
    What was installed.

    :ivar selftest_errors: relative error by instruction set; empty if the bundle is for another
        kind of processor than this machine has.
    """

    manifest: Manifest
    selftest_errors: dict[str, float]


def install(bundle: str | Path, destination: str | Path) -> Installed:
    """
    Copy a bundle to ``destination``, check the copy, and let it take the place of what is there.

    Robots that run the old one go on with it, until they load the bundle again.

    :param destination: the bundle's new path; a bundle that is there is replaced.
    :raises BundleError: if the bundle is damaged or fails its self-test, or if the destination is
        something else, or holds files that are not the bundle's; it is then as it was.
    :raises OSError: if it can't be written.
    """
    place = Path(os.path.realpath(destination))
    _check_destination(place)
    with Folder(bundle) as source, workplace(place) as scratch:
        manifest = manifest_of(source)
        new = scratch / "new"
        _copy(source, manifest, new)
        native = manifest.model.target.split("-")[0] == architecture()
        errors = check_variants(new) if native else {}
        exchange(new, place)
        _flush(place.parent)
    return Installed(manifest, errors)


def _copy(source: Folder, manifest: Manifest, new: Path) -> None:
    """Write a bundle that only its owner may change, whatever the umask."""
    _make_folder(new)
    for name, stated in manifest.files.items():
        path = new / name
        for parent in reversed(path.relative_to(new).parents[:-1]):
            _make_folder(new / parent)
        _write(path, source.blocks(name, stated))
    write_manifest(new, manifest)
    (new / MANIFEST_NAME).chmod(0o644)
    for folder, _, _ in os.walk(new, topdown=False):
        _flush(Path(folder))


def _make_folder(path: Path) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(0o755)


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.fsync(descriptor)
    os.close(descriptor)


def _check_destination(place: Path) -> None:
    if not place.parent.is_dir():
        raise BundleError(f"the folder {place.parent} does not exist; create it first")
    if not os.path.lexists(place):
        return
    with Folder(place) as folder:
        listed = _listed(folder)
    found = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir()}
    strangers = sorted(found - listed - {MANIFEST_NAME})
    if strangers:
        more = ", ..." if len(strangers) > _LISTED else ""
        raise BundleError(
            f"{place} holds files that are not the bundle's: "
            f"{', '.join(map(repr, strangers[:_LISTED]))}{more}; move them elsewhere first"
        )


def _listed(folder: Folder) -> set[str]:
    """Return the files of a bundle of any version, intact or not."""
    refusal = BundleError(
        f"{folder.path} exists and is no bundle; it was left alone: give the name of the bundle "
        "itself, such as robot/model.edge"
    )
    try:
        with folder.open(MANIFEST_NAME) as file:
            document = parse(file.read(LARGEST_MANIFEST).decode(), MANIFEST_NAME)
    except (OSError, ValueError, BundleError):
        raise refusal from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise refusal
    files = document.get("files")
    return set(files) if isinstance(files, dict) else set()
