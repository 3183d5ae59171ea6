"""The files of ``python -m bench.int8``, one a processor: pieces, measured at different times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import re
from typing import Any

from bench.cache import BenchError
from bench.record import circumstances, write
from bench.turns import Piece
from edge_compiler.machine import processor_identity

VERSION = 1


@dataclass(frozen=True)
class Kept:
    """
    A piece as the file has it.

    :ivar key: of all that was measured: a piece of another key is measured again.
    :ivar date: when.
    :ivar commit: of the sources.
    :ivar versions: of the engines.
    """

    piece: Piece
    key: str
    date: str
    commit: str
    versions: Mapping[str, str]


def file_here(folder: Path) -> Path:
    """Return the file of this processor: others of its name may have another speed."""
    return folder / f"int8-{re.sub('[^a-z0-9]+', '-', processor_identity().lower())}.json"


def every(folder: Path) -> dict[str, list[Kept]]:
    """Return what was measured on each processor."""
    files = (json.loads(path.read_text()) for path in sorted(folder.glob("int8-*.json")))
    return {found["processor"]: _pieces(found) for found in files}


def read(path: Path) -> list[Kept]:
    """
    Return what a file has; nothing if there is none.

    :raises BenchError: if it was written on another processor, or as another version.
    """
    if not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    here = processor_identity()
    if (found.get("version"), found.get("processor")) != (VERSION, here):
        raise BenchError(
            f"{path} was measured on {found.get('processor')} (version {found.get('version')}), "
            f"and this is {here} (version {VERSION}): move it away"
        )
    return _pieces(found)


def add(path: Path, piece: Piece, key: str, versions: Mapping[str, str]) -> None:
    """Put a piece into a file, in place of one of the same network and threads."""
    now = circumstances()
    new = Kept(piece, key, now["date"], now["commit"], versions)
    others = [kept for kept in read(path) if _place(kept) != _place(new)]
    pieces = [asdict(kept) for kept in (*others, new)]
    write(path, {"version": VERSION, "processor": processor_identity(), "pieces": pieces})


def find(path: Path, network: str, threads: int, key: str) -> Piece | None:
    """Return a piece, if it was measured of the same things."""
    wanted = (network, threads, key)
    found = (kept.piece for kept in read(path) if (*_place(kept), kept.key) == wanted)
    return next(found, None)


def ordered(kept: Sequence[Kept], networks: Sequence[str]) -> list[Kept]:
    """Return those of the networks, in their order, and by their number of threads."""
    some = (x for x in kept if x.piece.network in networks)
    return sorted(some, key=lambda x: (networks.index(x.piece.network), x.piece.threads))


def _pieces(found: Mapping[str, Any]) -> list[Kept]:
    return [Kept(**{**kept, "piece": Piece.of(kept["piece"])}) for kept in found["pieces"]]


def _place(kept: Kept) -> tuple[str, int]:
    return kept.piece.network, kept.piece.threads
