"""edge_perception: a library of generated C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime import Library

Array = NDArray[np.float32]


def convert(model: Path, folder: Path, *options: str) -> None:
    """Compile and prove the model, with options of ``edgec compile``."""
    bundle = str(folder / "model.edge")
    edgec = [sys.executable, "-m", "edge_compiler", "compile", str(model), "-o", bundle, *options]
    if subprocess.run(edgec, stdout=sys.stderr).returncode:
        sys.exit(1)  # edgec has said why


def load(folder: Path, image: Array, threads: int) -> Callable[[], list[Array]]:
    """Load the library as the bundle's loader does, once the bundle has been checked."""
    instance = Library(folder / "model.edge" / "model.so").create(threads)
    inputs = {instance.model.inputs[0].name: image}
    return lambda: list(instance.run(inputs).values())
