"""The policy ``second_opinion``: what a larger model of a server sees now and then."""

from __future__ import annotations

from dataclasses import dataclass
import time
from typing import Any

import numpy.typing as npt

from edge_perception.core.image import Pixels
from edge_perception.core.perception.model import Tensors
from edge_perception.core.perception.remote import Opinion, RemoteRequest
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.remote.asking import Asking, Local
from edge_perception.drivers.remote.server import Call


@dataclass(frozen=True)
class _Asked:
    """
    A question that is under way.

    :ivar begun: when the server was asked, by the monotonic clock [s].
    :ivar size: width and height of the picture.
    :ivar stamp: when it was taken [ns].
    """

    call: Call
    begun: float
    size: tuple[int, int]
    stamp: int


class SecondOpinion(Asking):
    """
    A model that is computed here, while a server is asked at a low rate: an `Adviser`.

    Nobody waits: what has been answered is there when the next picture is consulted about.
    """

    def __init__(self, local: Local, asked: RemoteRequest) -> None:
        """
        Prepare the connection.

        :raises BundleError: if gRPC isn't there, or the credentials can't be used.
        """
        super().__init__(local, asked)
        self._under_way: _Asked | None = None
        self._next = 0.0  # when the server may be asked again, by the monotonic clock [s]

    def run_image(self, frame: npt.NDArray[Any], encoding: str) -> Tensors:
        """Run on the pixels of a camera image, here."""
        return self._local.run_image(frame, encoding)

    def consult(self, pixels: Pixels, stamp: int) -> Opinion | None:
        """Return an opinion that has come, and ask for one on these pixels if it is time."""
        opinion = None
        before = self._under_way
        if before is not None and before.call.is_done:
            self._under_way = None
            opinion = self._opinion(before)
        now = time.monotonic()
        if self._under_way is None and now >= self._next:
            self._next = now + 1 / self._asked.rate
            call = self._ask(*pixels)
            if call is not None:
                self._under_way = _Asked(call, now, pixels.size, stamp)
        return opinion

    def _opinion(self, asked: _Asked) -> Opinion | None:
        """Return what was answered, unless it can't be used or no picture came in time for it."""
        answer = self._take(asked.call, asked.begun)
        if answer is None:
            return None
        if time.monotonic() - asked.begun > self._asked.deadline / SECOND:
            self.account.late += 1
            self._problem = "its answer came in time, but no picture to show it with"
            return None
        return Opinion(answer, asked.size, asked.stamp)
