"""What perception needs of a loaded model, and how it gets one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from edge_perception.core.perception.remote import RemoteRequest
from edge_perception.runtime import Manifest, Trust

Tensors = Mapping[str, npt.NDArray[Any]]
"""Outputs of a model by name."""


@dataclass(frozen=True)
class ModelRequest:
    """
    A model that is wanted.

    :ivar path: of the bundle.
    :ivar threads: that run it; 0: one per processor. Models of one process that want as many, on
        the same processors, share them.
    :ivar processors: numbers of those that the threads may use; none: every one.
    :ivar variant: instruction set; empty: the best.
    :ivar priority: among the models that share the threads; between steps, the highest goes on.
    :ivar trust: whose bundles are accepted; None: anybody's.
    :ivar remote: a server that is asked, too; None: nothing leaves this machine.
    """

    path: str
    threads: int = 0
    processors: tuple[int, ...] = ()
    variant: str = ""
    priority: int = 0
    trust: Trust | None = None
    remote: RemoteRequest | None = None


class RunnableModel(Protocol):
    """
    A compiled model, ready to run: what ``edge_perception.runtime.load`` returns.

    :ivar signed_at: when its bundle was signed, in seconds since 1970; 0: not known.
    """

    manifest: Manifest
    variant: str
    caveat: str
    signed_at: int

    def run_image(self, frame: npt.NDArray[Any], encoding: str) -> Tensors:
        """Run on the pixels of a camera image."""

    def run_regions(
        self, frame: npt.NDArray[Any], encoding: str, maps: npt.ArrayLike
    ) -> Sequence[Tensors]:
        """Run on regions of it, [N, 2, 3]: affine maps from the model's input to the image."""

    def close(self) -> None:
        """Free it."""


Load = Callable[[ModelRequest], RunnableModel]
"""Loads and self-tests a model. Raises BundleError if it can't be used."""
