"""What perception needs of a loaded model, and how it gets one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edge_perception.runtime import Manifest


class RunnableModel(Protocol):
    """A compiled model, ready to run: what ``edge_perception.runtime.load`` returns."""

    manifest: Manifest
    variant: str

    def run_image(
        self, frame: npt.NDArray[np.uint8], encoding: str
    ) -> Mapping[str, npt.NDArray[Any]]:
        """Run on the pixels of a camera image."""

    def close(self) -> None:
        """Free it."""


Load = Callable[[str, int, str], RunnableModel]
"""
Loads and self-tests a bundle: its path, the number of threads, the variant ("": the best). Raises
BundleError if it can't be used.
"""
