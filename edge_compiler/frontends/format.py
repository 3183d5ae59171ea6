"""What a format of models is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx


@dataclass(frozen=True)
class Imported:
    """
    A model of another format.

    :ivar model: the same in ONNX, with all its weights inside.
    :ivar files: what it was read from, always in the same order.
    :ivar metadata: what its files say of it beside the graph: ``edge.labels``,
        ``edge.preprocess`` and ``edge.decoder``, each JSON.
    """

    model: onnx.ModelProto
    files: tuple[Path, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Format:
    """
    A format of models.

    :ivar name: as people call it.
    :ivar recognises: whether a path holds a model of the format, by its content; it may not exist.
    :ivar read: a model that was recognised. It raises CompileError if it is damaged or has what is
        not supported: one sentence with the path, the place in it and what to do. The same files
        give the same model.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], Imported]


def head(path: Path, count: int) -> bytes:
    """Return the first bytes of a file, none if there is no such file or it can't be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""
