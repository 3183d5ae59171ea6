"""
Pictures, videos and sounds that packages carry, to try models on.

``media/NAME/`` of the per-user cache holds the files of one `Media` and ``provenance.json``. They
are fetched, never part of this repository or of a bundle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import subprocess
import tarfile
from typing import ClassVar

from edge_compiler.errors import CompileError
from edge_compiler.machine import user_cache
from edge_compiler.progress import Progress
from edge_compiler.toolchain import archive
from edge_compiler.toolchain.archive import DebianFile
from edge_compiler.zoo.cache import counted, filling
from edge_compiler.zoo.index import download
from edge_compiler.zoo.recipe import Package

_LARGEST = 1 << 26  # bytes of a file


@dataclass(frozen=True)
class Media:
    """
    Files of a package.

    :ivar package: of PyPI, or of Debian.
    :ivar folder: of the package, in which the files are.
    :ivar files: their names.
    :cvar answers: they say nothing, as models do.
    """

    answers: ClassVar[str] = ""

    name: str
    summary: str
    license: str
    package: Package | DebianFile
    folder: str
    files: tuple[str, ...]

    @property
    def download_bytes(self) -> int:
        """Return the size of the package."""
        return self.package.size

    @property
    def provenance(self) -> dict[str, str]:
        """Describe where the files come from."""
        package = self.package
        name = package.path if isinstance(package, DebianFile) else package.filename
        return {"package": name, "sha256": package.sha256, "license": self.license}


MEDIA = {
    media.name: media
    for media in (
        Media(
            name="opencv-samples",
            summary="a video of pedestrians, 795 pictures of 768x576, and photographs of people",
            license="Apache-2.0 (OpenCV)",
            package=DebianFile(
                "pool/main/o/opencv/opencv-doc_4.6.0+dfsg-12_all.deb",
                95715012,
                "4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a",
            ),
            folder="./usr/share/doc/opencv-doc/examples/data",
            files=("vtest.avi", "basketball1.png", "basketball2.png", "left06.jpg", "messi5.jpg"),
        ),
        Media(
            name="faces",
            summary="photographs of two presidents: one three times, twice cut in half, one once",
            license="MIT (face-recognition)",
            package=Package(
                "face-recognition",
                "1.3.0",
                "face_recognition-1.3.0.tar.gz",
                3182249,
                "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
                "face_recognition-1.3.0/LICENSE",
            ),
            folder="face_recognition-1.3.0/tests/test_images",
            files=(
                "biden.jpg",
                *("obama.jpg", "obama2.jpg", "obama3.jpg"),
                *("obama_partial_face.jpg", "obama_partial_face2.jpg"),
            ),
        ),
        Media(
            name="speech",
            summary="a minute of people speaking, 16 kHz",
            license="MIT (Silero VAD)",
            package=Package(
                "silero-vad",
                "6.2.3",
                "silero_vad-6.2.3.tar.gz",
                29276676,
                "d7a23b09202be4953915cb9173089bb307eed0418a9bd4794d9ec5af07fa1996",
                "silero_vad-6.2.3/LICENSE",
            ),
            folder="silero_vad-6.2.3/tests/data",
            files=("test.wav",),
        ),
    )
}


def media_folder(media: Media) -> Path:
    """Return where the cache keeps the files."""
    return user_cache() / "media" / media.name


def fetch_media(media: Media, progress: Progress, *, force: bool = False) -> Path:
    """
    Return the folder with the files; download and unpack them if the cache hasn't got them.

    :param force: do it even if the cache has them.
    :raises CompileError: if they can't be had; the cache is then as it was.
    """
    folder = media_folder(media)
    if not force and _is_there(media, folder):
        return folder
    with filling(folder) as (complete, downloads):
        package = _download(media, downloads, progress)
        progress("unpacking", 0, 0)
        with _opened(package) as files:
            _unpack(media, files, complete)
        text = json.dumps(media.provenance, indent=2)
        (complete / "provenance.json").write_text(f"{text}\n", "utf-8")
    return folder


def _is_there(media: Media, folder: Path) -> bool:
    try:
        found = json.loads((folder / "provenance.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return found == media.provenance and all((folder / name).is_file() for name in media.files)


def _download(media: Media, folder: Path, progress: Progress) -> Path:
    if isinstance(media.package, DebianFile):
        return archive.download(media.package, folder, progress)
    return download(media.package, folder, counted(progress, media.download_bytes))


@contextmanager
def _opened(package: Path) -> Iterator[tarfile.TarFile]:
    """Open the files of a package, to be read one after the other."""
    if package.suffix != ".deb":
        with tarfile.open(package, "r|*") as files:
            yield files
        return
    if not shutil.which("dpkg-deb"):
        raise CompileError(f"{package.name} is unpacked by dpkg-deb, which this machine lacks")
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as unpacked:
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as files:
            yield files
        unpacked.kill()  # what comes after the last file that is wanted


def _unpack(media: Media, files: tarfile.TarFile, folder: Path) -> None:
    """Write the wanted files; nothing else of the archive reaches the disk."""
    missing = {f"{media.folder}/{name}": name for name in media.files}
    try:
        for member in files:
            if member.name not in missing or not member.isfile():
                continue
            stream = files.extractfile(member)
            if member.size > _LARGEST or stream is None:
                raise CompileError(f"{member.name} claims {member.size} bytes: too large")
            (folder / missing.pop(member.name)).write_bytes(stream.read())
            if not missing:
                return
    except (tarfile.TarError, EOFError) as error:
        raise CompileError(f"cannot read {media.provenance['package']}: {error}") from error
    raise CompileError(
        f"{media.provenance['package']} lacks {', '.join(sorted(missing.values()))}"
    )
