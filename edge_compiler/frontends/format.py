"""What a format of models is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError


@dataclass(frozen=True)
class Imported:
    """
    A model of another format.

    :ivar model: the same in ONNX, with all its weights inside.
    :ivar files: what it was read from, always in the same order.
    :ivar metadata: what its files say of it beside the graph: ``edge.labels``,
        ``edge.preprocess`` and ``edge.decoder``, each JSON.
    :ivar left_out: what else they say that can't be taken, with the reason, each without a stop.
    """

    model: onnx.ModelProto
    files: tuple[Path, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """
    A format of models.

    :ivar name: as people call it.
    :ivar recognises: whether a path holds a model of the format, by its content; it may not exist.
    :ivar read: a model that was recognised. It raises CompileError if it is damaged or has what is
        not supported: one sentence with the path, the place in it and what to do. The same files
        give the same model, so that a bundle can be verified with them; exporters of frameworks
        may fail in that.
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


def partner(path: Path, patterns: tuple[str, str]) -> Path:
    """
    Find the file that belongs to one of a model that is two files.

    :param patterns: of its name: the usual one, of which the last is taken, and one of what else
        it may be called if it is alone in the folder.
    :raises CompileError: if there is none, or more than one that isn't called as usual.
    """
    usual, others = (sorted(path.parent.glob(pattern)) for pattern in patterns)
    if usual:
        return usual[-1]
    if len(others) != 1:
        found = ", ".join(other.name for other in others) or "none"
        raise CompileError(
            f"{path} is one of a model's two files, and beside it {patterns[0]} is expected, but "
            f"there is {found}: put the other file there"
        )
    return others[0]
