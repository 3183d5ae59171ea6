"""
Reading float32 arrays from an .npz file that is not to be trusted.

``numpy.load`` can be made to fail in many ways, to take any amount of memory, and to parse Python.
Here the names and shapes of the arrays are known before, and anything else is refused: nothing is
decompressed beyond the size of the array, and a header is compared, not parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
import io
import math
from pathlib import Path
import re
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.errors import BundleError

Array = NDArray[np.float32]
Shape = tuple[int, ...]

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # a zip file's general purpose bit flag
_LONGEST_HEADER = 4096
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)"
    rb"\{'descr': '<f4', 'fortran_order': False, 'shape': \(([0-9, ]*)\), *\} *\n",
    re.DOTALL,
)
"""What numpy.save writes, numpy.lib.format version 1.0: magic, length of the rest, the array."""


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write float32 arrays into an .npz file."""
    content: dict[str, Any] = {
        name: np.asarray(array, "<f4", order="C") for name, array in arrays.items()
    }
    np.savez_compressed(path, **content)


def read_arrays(content: bytes, shapes: Mapping[str, Shape], path: Path) -> dict[str, Array]:
    """
    Read float32 arrays from the content of an .npz file.

    :param shapes: the arrays that it must hold.
    :param path: names the file in errors.
    :raises BundleError: if it does not hold them, or is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: _read(archive, name, shape, path) for name, shape in shapes.items()}
    except BundleError:
        raise
    except Exception as error:  # zipfile passes on what zlib, struct, codecs and others raise
        raise BundleError(
            f"{path} is not a self-test of this model: {error or type(error).__name__}"
        ) from None


def largest_file(shapes: Mapping[str, Shape]) -> int:
    """Return how many bytes a file with such arrays can have; deflate adds little at worst."""
    return sum(
        _bytes(shape) * 129 // 128 + _LONGEST_HEADER + 2 * len(name.encode())
        for name, shape in shapes.items()
    )


def _bytes(shape: Shape) -> int:
    return 4 * math.prod(shape)


def _read(archive: zipfile.ZipFile, name: str, shape: Shape, path: Path) -> Array:
    entry = archive.getinfo(f"{name}.npy")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise BundleError(f"{path} has {name!r} in a form that numpy doesn't write")
    size = _bytes(shape)
    if entry.file_size > size + _LONGEST_HEADER:
        raise BundleError(
            f"{path} has an array {name!r} that is too large: {entry.file_size} bytes for float32 "
            f"{shape}"
        )
    with archive.open(entry) as file:
        data = file.read(size + _LONGEST_HEADER)
    header = _HEADER.match(data)
    if header is None or int.from_bytes(header[1], "little") != header.end() - 10:
        raise BundleError(f"{path} is not a self-test of this model: {name!r} is no float32 array")
    found = tuple(int(number) for number in header[2].split(b",") if number.strip())
    if found != shape or len(data) != header.end() + size:
        raise BundleError(
            f"{path} has {name!r} as float32 {found} of {len(data) - header.end()} bytes instead "
            f"of float32 {shape}"
        )
    return np.frombuffer(data, "<f4", offset=header.end()).reshape(shape)
