"""The C interface of compiled models, edge_model.h, for ctypes."""

from __future__ import annotations

from _ctypes import dlclose
from collections.abc import Iterable
import ctypes
import os
from pathlib import Path
from typing import Any
import weakref

import numpy as np

from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.elf import find_damage
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.frames import Frame, Region
from edge_perception.runtime.manifest import ABI_VERSION
from edge_perception.runtime.private import PrivateFile

_Status, _Model, _Text = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
_Count = ctypes.c_uint32
_FramePointer, _Regions = ctypes.POINTER(Frame), ctypes.POINTER(Region)

Observer = ctypes.CFUNCTYPE(None, ctypes.c_void_p, _Model, ctypes.c_uint32, ctypes.c_uint64)


class Options(ctypes.Structure):
    """``edge_options`` of edge_model.h."""

    _fields_ = (
        ("abi_version", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("variant", _Text),
        ("executor", ctypes.c_void_p),
        ("priority", ctypes.c_int32),
        ("reserved_word", ctypes.c_uint32),
        ("reserved", ctypes.c_uint64 * 2),
    )


class ExecutorOptions(ctypes.Structure):
    """``edge_executor_options`` of edge_model.h."""

    _fields_ = (
        ("abi_version", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("processors", ctypes.c_uint64),
        ("reserved", ctypes.c_uint64 * 4),
    )


class RunOptions(ctypes.Structure):
    """``edge_run_options`` of edge_model.h."""

    _fields_ = (
        ("observer", Observer),
        ("user", ctypes.c_void_p),
        ("reserved", ctypes.c_uint64 * 4),
    )


class CTensor(ctypes.Structure):
    """``edge_tensor`` of edge_model.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("element", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


_OptionsPointer, _ModelPointer = ctypes.POINTER(Options), ctypes.POINTER(_Model)
_RunPointer, _Tensors = ctypes.POINTER(RunOptions), ctypes.POINTER(CTensor)

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "edge_abi_version": (ctypes.c_uint32, ()),
    "edge_describe": (_Text, ()),
    "edge_create": (_Status, (_OptionsPointer, _ModelPointer, _Text, ctypes.c_size_t)),
    "edge_executor_create": (
        _Status,
        (ctypes.POINTER(ExecutorOptions), _ModelPointer, _Text, ctypes.c_size_t),
    ),
    "edge_executor_destroy": (None, (ctypes.c_void_p,)),
    "edge_run": (_Status, (_Model, _Tensors, _Count, _Tensors, _Count, _RunPointer)),
    "edge_run_frame": (
        _Status,
        (_Model, _FramePointer, _Regions, _Count, _Tensors, _Count, _RunPointer),
    ),
    "edge_read_step": (_Status, (_Model, ctypes.c_uint32, _Tensors)),
    "edge_preprocess": (_Status, (_Model, _FramePointer, _Regions, _Tensors)),
    "edge_supports": (ctypes.c_int, (_Text,)),
    "edge_variant": (_Text, (_Model,)),
    "edge_last_error": (_Text, (_Model,)),
    "edge_destroy": (None, (_Model,)),
}
"""Result and argument types of the functions."""


class Functions:
    """The functions of edge_model.h in a loaded library, as attributes; they release the GIL."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Find them; AttributeError if one is missing."""
        self.library = library
        for name, (result, arguments) in _FUNCTIONS.items():
            function = library[name]  # an attribute of a CDLL refers to it in a circle
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)


_LOADED: weakref.WeakValueDictionary[str, ctypes.CDLL] = weakref.WeakValueDictionary()
"""By SHA-256: bundles with the same library share its memory."""


def open_library(path: Path, copy: PrivateFile) -> Any:
    """
    Load a library that nobody can change; its code may run from now on.

    It is unloaded, and its file closed, when nothing refers to its functions any more.

    :param path: names the library in errors.
    :returns: its `Functions`.
    :raises BundleError: if it can't be loaded, or has another interface.
    """
    library = _LOADED.get(copy.sha256)
    try:
        if library is None:
            library = _link(copy)
        else:
            copy.close()
        _check_version(library, path)
        return Functions(library)
    except (OSError, AttributeError) as error:
        raise BundleError(
            f"{path} can't be loaded as a compiled model ({error}); "
            "copy it again, or compile the model again with edgec compile"
        ) from None


def _check_version(library: ctypes.CDLL, path: Path) -> None:
    """Refuse a library of another interface before its functions are looked for."""
    function = library["edge_abi_version"]
    function.restype, function.argtypes = _FUNCTIONS["edge_abi_version"]
    version = function()
    if version != ABI_VERSION:
        raise BundleError(
            f"{path} has interface version {version}, this software needs version {ABI_VERSION}; "
            "compile the model again: edgec compile MODEL -o OUT.edge"
        )


def _link(copy: PrivateFile) -> ctypes.CDLL:
    try:
        if damage := find_damage(copy.descriptor):
            raise OSError(damage)
        # local symbols keep two models apart
        library = ctypes.CDLL(copy.path, mode=os.RTLD_LOCAL | os.RTLD_NOW)
    except OSError:
        copy.close()
        raise
    copy.hide()
    _LOADED[copy.sha256] = library
    unload = weakref.finalize(library, _unload, library._handle, copy)
    unload.atexit = False  # instances live on then, see Instance
    return library


def _unload(handle: int, copy: PrivateFile) -> None:
    """
    Unload a library and free its memory.

    The dynamic linker never unloads some, such as those with C++'s unique symbols, and takes a
    path that it knows for the library that it has. The path of such a one must never be given to
    another, so its copy stays open.
    """
    dlclose(handle)
    try:
        ctypes.CDLL(copy.path, mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        copy.close()


def c_tensors(arrays: Iterable[np.ndarray[Any, Any]], forms: Iterable[Form]) -> Any:
    """
    Describe contiguous arrays to the C interface, which then refers to their memory.

    :param forms: each one's element type and shape.
    :returns: an array of `CTensor`.
    """
    tensors = [
        CTensor(array.ctypes.data, array.nbytes, form.type.number)
        for array, form in zip(arrays, forms, strict=True)
    ]
    return (CTensor * len(tensors))(*tensors)
