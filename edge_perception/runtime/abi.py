"""The C interface of compiled models, edge_model.h, for ctypes."""

from __future__ import annotations

from collections.abc import Iterable
import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.frames import Frame
from edge_perception.runtime.manifest import ABI_VERSION

_Status, _Model, _Text = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
_Pointers = ctypes.POINTER(ctypes.c_void_p)
_FramePointer = ctypes.POINTER(Frame)

Observer = ctypes.CFUNCTYPE(None, ctypes.c_void_p, _Model, ctypes.c_uint32, ctypes.c_uint64)


class Options(ctypes.Structure):
    """``edge_options`` of edge_model.h."""

    _fields_ = (
        ("abi_version", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("variant", _Text),
    )


_OptionsPointer, _ModelPointer = ctypes.POINTER(Options), ctypes.POINTER(_Model)

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "edge_abi_version": (ctypes.c_uint32, ()),
    "edge_describe": (_Text, ()),
    "edge_create": (_Status, (_OptionsPointer, _ModelPointer, _Text, ctypes.c_size_t)),
    "edge_run": (_Status, (_Model, _Pointers, _Pointers)),
    "edge_run_frame": (_Status, (_Model, _FramePointer, _Pointers)),
    "edge_run_observed": (_Status, (_Model, _Pointers, _Pointers, Observer, ctypes.c_void_p)),
    "edge_read_step": (_Status, (_Model, ctypes.c_uint32, ctypes.c_void_p)),
    "edge_preprocess": (_Status, (_Model, _FramePointer, ctypes.c_void_p)),
    "edge_variant": (_Text, (_Model,)),
    "edge_last_error": (_Text, (_Model,)),
    "edge_destroy": (None, (_Model,)),
}
"""Result and argument types of the functions."""


def open_library(path: Path) -> Any:
    """
    Load a library; its code may run from now on.

    :returns: an object with the functions of edge_model.h; they release the GIL.
    :raises BundleError: if it can't be loaded, or has another interface.
    """
    try:
        # local symbols keep two models apart
        library = ctypes.CDLL(_unique_name(path), mode=ctypes.RTLD_LOCAL | os.RTLD_NOW)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise BundleError(
            f"{path} can't be loaded as a compiled model ({error}); "
            "compile the model again with edgec compile"
        ) from None
    version = library.edge_abi_version()
    if version != ABI_VERSION:
        raise BundleError(
            f"{path} has interface version {version}, this software needs version "
            f"{ABI_VERSION}; compile the model again with edgec compile"
        )
    return library


_LOADED: dict[tuple[int, int], int] = {}


def _unique_name(path: Path) -> str:
    """
    Return a name for the file that no other file had before.

    The dynamic linker takes a name that it knows for the library that it has loaded: a bundle that
    was compiled again to the same path would never be seen. A loaded file stays open, so its
    descriptor is nobody else's.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    kept = _LOADED.setdefault((status.st_dev, status.st_ino), descriptor)
    if kept != descriptor:
        os.close(descriptor)
    return f"/proc/self/fd/{kept}"


def pointers(arrays: Iterable[np.ndarray[Any, Any]]) -> Any:
    """Return a C array of pointers to the elements of ``arrays``."""
    addresses = [array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * len(addresses))(*addresses)
