"""A model that only a server computes: what a robot would be that has nothing but a cloud."""

from __future__ import annotations

import time
from typing import Any

import numpy.typing as npt

from edge_perception.core.perception.model import Tensors
from edge_perception.drivers.remote.asking import Asking
from edge_perception.runtime import BundleError


class Alone(Asking):
    """
    A model whose answer is the server's, or none: a `RunnableModel`, to compare with.

    It is no policy of robots: without an answer nothing is seen.
    """

    _is_over = False

    def run_image(self, frame: npt.NDArray[Any], encoding: str) -> Tensors:
        """
        Return what the server makes of the pixels of a camera image.

        :raises BundleError: if there is no answer by the deadline, or the server is left alone.
        """
        if self._is_over:
            raise BundleError("the server is asked no more")
        begun = time.monotonic()
        call = self._ask(frame, encoding)
        answered = None if call is None else self._take(call, begun)
        if answered is None:
            said = self._problem or "it is left alone for a while"
            raise BundleError(f"{self._asked.url}: {said}")
        return answered

    def give_up(self) -> None:
        """Let nobody wait for an answer any more; may be called by another thread."""
        self._is_over = True
        self._server.close()
