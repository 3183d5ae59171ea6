"""
The owners' file: embeddings of those whom a robot knows, as JSON.

``{"version": 1, "model": SHA-256 of the model's file, "owners": {NAME: [[numbers], ...], ...}}``.
Embeddings of another model mean something else, so the model's hash is part of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_perception.core.environment import ReadFile
from edge_perception.core.node import ConfigurationError

VERSION = 1
UNKNOWN = "unknown"
_MOST_BYTES = 16_000_000


@dataclass(frozen=True, eq=False)
class Owners:
    """
    Embeddings and whose they are.

    :ivar names: of the owners, sorted.
    :ivar model: SHA-256 of the model that made the embeddings.
    :ivar embeddings: of length 1 [N, D].
    :ivar indices: the owner of each [N].
    """

    names: tuple[str, ...]
    model: str
    embeddings: npt.NDArray[np.float32]
    indices: npt.NDArray[np.intp]


def load(path: Path, read_file: ReadFile) -> Owners:
    """
    Read an owners' file.

    :raises ConfigurationError: if it can't be read or used.
    """
    try:
        data = read_file(path, _MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: the file can't be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise ConfigurationError(f"{path}: the file is larger than {_MOST_BYTES} bytes")
    try:
        return _owners(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
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
    names = tuple(sorted(given))
    rows, indices = [], []
    for index, name in enumerate(names):
        vectors = np.asarray(given[name], np.float32)
        if name in ("", UNKNOWN) or vectors.ndim != 2 or not vectors.size:
            raise ValueError(f"the embeddings of {name!r:.40} are no list of vectors")
        rows.append(vectors)
        indices += [index] * len(vectors)
    embeddings = np.concatenate(rows)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not (np.isfinite(embeddings).all() and (lengths > 0).all()):
        raise ValueError("an embedding has no length, or is no number")
    return Owners(names, model, embeddings / lengths, np.array(indices, np.intp))
