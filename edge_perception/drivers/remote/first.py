"""The policy ``remote_first``: a server's answer if it is there in time, else our own."""

from __future__ import annotations

import time
from typing import Any

import numpy.typing as npt

from edge_perception.core.perception.model import Tensors
from edge_perception.drivers.remote.asking import Asking


class RemoteFirst(Asking):
    """
    A model that is computed here and by a server at the same time: a `RunnableModel`.

    The server is asked, then the model runs here; if the answer is there by the deadline, it
    counts.
    """

    def run_image(self, frame: npt.NDArray[Any], encoding: str) -> Tensors:
        """Run on the pixels of a camera image, here and there."""
        begun = time.monotonic()
        call = self._ask(frame, encoding)
        found: Tensors = self._local.run_image(frame, encoding)
        answered = None if call is None else self._take(call, begun)
        return found if answered is None else answered
