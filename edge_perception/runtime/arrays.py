"""
Reading arrays from an .npz file that is not to be trusted.

``numpy.load`` can be made to fail in many ways, to take any amount of memory, and to parse Python.
Here the names and forms of the arrays are known before, and anything else is refused: nothing is
decompressed beyond the size of the array, and a header is compared, not parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
import io
from pathlib import Path
import re
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.errors import BundleError

Array = NDArray[Any]

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # a zip file's general purpose bit flag
_LONGEST_HEADER = 4096
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)"
    rb"\{'descr': '([<|][a-z][0-9])', 'fortran_order': False, 'shape': \(([0-9, ]*)\), *\} *\n",
    re.DOTALL,
)
"""What numpy.save writes, numpy.lib.format version 1.0: magic, length of the rest, the array."""


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays into an .npz file."""
    content: dict[str, Any] = {
        name: np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        for name, array in arrays.items()
    }
    np.savez_compressed(path, **content)


def read_arrays(content: bytes, forms: Mapping[str, Form], path: Path) -> dict[str, Array]:
    """
    Read arrays from the content of an .npz file.

    :param forms: the arrays that it must hold.
    :param path: names the file in errors.
    :raises BundleError: if it does not hold them, or is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: _read(archive, name, form, path) for name, form in forms.items()}
    except BundleError:
        raise
    except Exception as error:  # zipfile passes on what zlib, struct, codecs and others raise
        raise BundleError(
            f"{path} is not a self-test of this model: {error or type(error).__name__}"
        ) from None


def largest_file(forms: Mapping[str, Form]) -> int:
    """Return how many bytes a file with such arrays can have; deflate adds little at worst."""
    return sum(
        form.bytes * 129 // 128 + _LONGEST_HEADER + 2 * len(name.encode())
        for name, form in forms.items()
    )


def _read(archive: zipfile.ZipFile, name: str, form: Form, path: Path) -> Array:
    entry = archive.getinfo(f"{name}.npy")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise BundleError(f"{path} has {name!r} in a form that numpy doesn't write")
    if entry.file_size > form.bytes + _LONGEST_HEADER:
        raise BundleError(
            f"{path} has an array {name!r} that is too large: {entry.file_size} bytes for {form}"
        )
    with archive.open(entry) as file:
        data = file.read(form.bytes + _LONGEST_HEADER)
    header = _HEADER.match(data)
    if header is None or int.from_bytes(header[1], "little") != header.end() - 10:
        raise BundleError(f"{path} is not a self-test of this model: {name!r} is no array")
    kind = header[2].decode()
    shape = tuple(int(number) for number in header[3].split(b",") if number.strip())
    form_found = (kind, shape, len(data) - header.end())
    if form_found != (form.type.numpy.str, form.shape, form.bytes):
        raise BundleError(
            f"{path} has {name!r} as {kind} {shape} of {len(data) - header.end()} bytes instead "
            f"of {form}"
        )
    return np.frombuffer(data, form.type.numpy, offset=header.end()).reshape(shape)
