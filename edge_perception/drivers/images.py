"""Pictures in files: one, a folder of them, or those that a glob matches."""

from __future__ import annotations

import glob
from importlib.util import find_spec
from pathlib import Path
import re

import numpy as np

from edge_perception.core.source import (
    CameraRequest,
    Frame,
    Skipped,
    Source,
    SourceError,
    SourceFinished,
)
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.pixels import fit

SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"))


def read_image(path: Path) -> Frame:
    """
    Read a picture the way a person would see it: upright, 8 bits, grey or RGB.

    :raises ValueError: with the reason, if the file is damaged, too large or no picture.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            upright = ImageOps.exif_transpose(file)
            if upright.mode == "F":
                raise ValueError("its pixels are floating-point numbers")
            if upright.mode.startswith("I"):  # depth images and the like
                return Frame(
                    np.asarray(upright).clip(0, 65535).astype(np.uint16), "mono16", path.name
                )
            grey = upright.mode in ("1", "L", "LA")
            data = np.asarray(upright.convert("L" if grey else "RGB"))
    except Image.DecompressionBombError as error:
        raise ValueError(f"it is too large ({error})") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        # Pillow's decoders raise all of these for damaged files.
        raise ValueError(f"it can't be read as a picture ({error})") from error
    return Frame(data, "mono8" if grey else "rgb8", path.name)


class Images:
    """
    Picture files in the order in which a person would number them, two a second unless paced.

    A folder is looked through again in every round, so that pictures may be added meanwhile.
    """

    live = False
    rate = 2.0

    def __init__(self, spec: str, request: CameraRequest) -> None:
        self._spec = spec
        self._request = request
        self._reason = ""
        self._usable = 0
        self._begin_round()

    def describe(self) -> str:
        """Return where the pictures are and how many there are."""
        if self._count == 1:
            return f"picture {self._spec}"
        return f"{self._count} pictures in {self._spec}"

    def read(self, timeout: float) -> Frame | Skipped:
        """Return the next picture, at once."""
        if not self._waiting:
            if not self._usable:
                raise SourceError(
                    f"none of the {self._count} pictures in {self._spec} can be used; "
                    f"{self._reason}; put usable pictures there"
                )
            if not self._request.loop:
                raise SourceFinished
            self._begin_round()
        path = self._waiting.pop()
        try:
            frame = fit(read_image(path), self._request)
        except ValueError as error:
            self._reason = f"{path.name}: {error}"
            return Skipped(path.name, str(error))
        self._usable += 1
        return frame

    def close(self) -> None:
        """Nothing to give back."""

    def _begin_round(self) -> None:
        paths = _find(self._spec)
        if not paths:
            raise SourceError(
                f"there are no pictures in {self._spec}; expected files that end in "
                f"{', '.join(sorted(SUFFIXES))}"
            )
        self._count = len(paths)
        self._usable = 0
        self._waiting = sorted(paths, key=_natural_order, reverse=True)


def _find(spec: str) -> list[Path]:
    path = Path(spec)
    if path.is_file():
        return [path]
    try:
        found = list(path.iterdir()) if path.is_dir() else [Path(name) for name in glob.glob(spec)]
    except OSError as error:
        raise SourceError(
            f"the folder {spec} can't be read: {error.strerror}; check its permissions"
        ) from error
    return [file for file in found if file.suffix.lower() in SUFFIXES and file.is_file()]


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Sort 2.png before 10.png."""
    parts = re.split(r"([0-9]+)", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _accepts(spec: str) -> bool:
    path = Path(spec)
    return bool(spec) and (
        path.is_dir() or path.suffix.lower() in SUFFIXES or glob.has_magic(spec)
    )


def _open(spec: str, request: CameraRequest) -> Source:
    path = Path(spec)
    if find_spec("PIL") is None:
        raise SourceError(f"{spec}: pictures need Pillow, not installed here: pip install pillow")
    if path.suffix.lower() in SUFFIXES and not path.exists() and not glob.has_magic(spec):
        raise SourceError(f"there is no picture {spec}; check the path, from {Path.cwd()}")
    return Images(spec, request)


DRIVER = Driver("a picture, folder or glob of pictures", _accepts, _open)
