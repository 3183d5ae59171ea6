"""
The owners' file: embeddings of those whom a robot knows, as JSON.

``{"version": 1, "model": SHA-256 of the model's file, "owners": {NAME: [[numbers], ...], ...}}``.
Embeddings of another model mean something else, so the model's hash is part of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_perception.core.environment import ReadFile
from edge_perception.core.node import ConfigurationError
from edge_perception.core.whole_file import FileError, read_whole
from edge_perception.runtime.schema import object_without_duplicates

VERSION = 1
UNKNOWN = "unknown"
_MOST_BYTES = 16_000_000
_NAME = re.compile(r"[^\W_][\w .'-]{0,62}")
# of a file that says something else
_FAULTS = (ValueError, OverflowError, LookupError, TypeError, AttributeError, RecursionError)
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Owners:
    """
    Embeddings and whose they are.

    :ivar model: SHA-256 of the model that made the embeddings.
    :ivar vectors: of each owner, of length 1 [N, D].
    """

    model: str
    vectors: Mapping[str, _Floats]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the owners, sorted."""
        return tuple(sorted(self.vectors))

    def together(self) -> tuple[_Floats, npt.NDArray[np.intp]]:
        """Return all embeddings [N, D], and the index of the name of each [N]."""
        counts = [len(self.vectors[name]) for name in self.names]
        return (
            np.concatenate([self.vectors[name] for name in self.names]),
            np.repeat(np.arange(len(counts)), counts),
        )

    def to_json(self) -> str:
        """Return the content of the file."""
        owners = {name: self.vectors[name].tolist() for name in self.names}
        return json.dumps({"version": VERSION, "model": self.model, "owners": owners}) + "\n"


def check_name(name: str) -> None:
    """
    Check that somebody can be called so.

    :raises ValueError: if not: names are no patterns, and not what strangers are called.
    """
    if not _NAME.fullmatch(name) or name.lower() == UNKNOWN:
        raise ValueError(
            f"the name {name!r:.80} can't be used: letters, digits, blanks and .'-_ make a name, "
            f"at most 63 of them, and {UNKNOWN!r} is what strangers are called"
        )


def load(path: Path, read_file: ReadFile) -> Owners:
    """
    Read an owners' file.

    :raises ConfigurationError: if it can't be read or used.
    """
    try:
        data = read_whole(path, _MOST_BYTES, read_file)
    except FileError as error:
        raise ConfigurationError(str(error)) from None
    try:
        return _owners(json.loads(data, object_pairs_hook=object_without_duplicates))
    except _FAULTS as error:
        raise ConfigurationError(
            f"{path} is no file of owners ({str(error) or type(error).__name__:.80}); it has "
            '{"version": 1, "model": SHA-256, "owners": {NAME: [embeddings]}}'
        ) from None


def _owners(content: Any) -> Owners:
    if content["version"] != VERSION:
        raise ValueError(f"its version is {content['version']!r:.40}, expected {VERSION}")
    model, given = content["model"], content["owners"]
    if not isinstance(model, str) or not given:
        raise ValueError("there is no model or no owner")
    vectors = {}
    for name, rows in given.items():
        check_name(name)
        with np.errstate(over="ignore"):
            vectors[name] = _unit(name, np.asarray(rows, np.float32))
    if len({rows.shape[1] for rows in vectors.values()}) > 1:
        raise ValueError("not all embeddings have the same length")
    return Owners(model, vectors)


def _unit(name: str, rows: _Floats) -> _Floats:
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"the embeddings of {name!r:.40} are no list of vectors")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ValueError("an embedding has no length, or is no number")
    return np.asarray(rows / lengths, np.float32)
