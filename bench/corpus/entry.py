"""What the corpus must know of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """
    A network, and how it is compiled.

    :ivar source: the package that has or makes it, with its version.
    :ivar file: writes the ONNX file into a folder, and returns its path.
    :ivar constants: inputs that a robot never changes, as ``edgec import`` takes them.
    :ivar options: of ``edgec compile``: shapes that the file leaves open.
    """

    name: str
    source: str
    file: Callable[[Path], Path]
    constants: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
