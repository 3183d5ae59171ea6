"""What is known of a model's tensors while its nodes are read."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Value


@dataclass(frozen=True)
class Scope:
    """
    What is known when a node is reached; it grows while the nodes of an expansion are built.

    :ivar values: every tensor so far, by name.
    :ivar known: the small ones whose content is known already.
    :ivar fixed: those that no input of the model decides on, known already or folded later.
    :ivar sequences: by name, what the tensors of each are called.
    """

    values: Mapping[str, Value]
    known: Mapping[str, np.ndarray[Any, Any]]
    fixed: Set[str]
    sequences: dict[str, list[str]] = field(default_factory=dict)
