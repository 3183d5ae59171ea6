"""
PyTorch's exported programs (``torch.export.save``, ``.pt2``), which PyTorch itself brings to ONNX.

Its reader runs what is in a file: pickles, guards as Python's code, and symbolic sizes, which it
evaluates. None of it is needed for a model of a fixed size, and all of it is refused here.
"""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any
import zipfile

from edge_compiler.errors import CompileError
from edge_compiler.frontends.format import Format, head, Imported
from edge_compiler.frontends.framework import Framework

_ZIP = b"PK\x03\x04"
_LONGEST_JSON = 1 << 28
_TARGET = re.compile(r"torch\.ops\.\w+\.\w+\.\w+")
_NAME = re.compile(r"[A-Za-z_]\w*|")
_FRAMEWORK = Framework("PyTorch", "torch onnx onnxscript", Path(__file__).with_name("export.py"))
_SYMBOLIC = ("as_expr", "as_sym_int", "as_sym_bool", "as_sym_float", "expr_str")


def _entries(path: Path) -> list[str]:
    if head(path, 4) != _ZIP:
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []


def _recognises(path: Path) -> bool:
    return any(re.fullmatch(r"([^/]+/)?models/[^/]+\.json", name) for name in _entries(path))


def _read(path: Path) -> Imported:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".json"):
                    if entry.file_size > _LONGEST_JSON:
                        raise ValueError(f"{entry.filename} is too long")
                    json.loads(archive.read(entry), object_hook=_check)
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RecursionError) as error:
        raise CompileError(f"{path} can't be compiled: {error}") from error
    return Imported(_FRAMEWORK.export("pt2", path), (path,))


def _check(table: dict[str, Any]) -> dict[str, Any]:
    """
    Check that nothing of an object in the file is there to be run, and return it.

    :raises ValueError: naming what is.
    """
    if table.get("use_pickle"):
        raise ValueError(
            f"'{table.get('path_name')}' is a pickle, which may run anything: save the model anew "
            "with its weights as plain tensors, in a current PyTorch"
        )
    if table.get("guards_code") or any(table.get(key) is not None for key in _SYMBOLIC):
        raise ValueError("it has sizes that aren't fixed: export it without dynamic_shapes")
    target = table.get("target")
    if isinstance(target, str) and "inputs" in table and not _TARGET.fullmatch(target):
        raise ValueError(f"it calls {target!r}, which is no operator of PyTorch")
    name = table.get("name")
    if isinstance(name, str) and not _NAME.fullmatch(name):
        raise ValueError(f"it calls a value {name!r}, which is no name")
    return table


FORMAT = Format("PyTorch", _recognises, _read)
