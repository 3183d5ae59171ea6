"""What the policies that ask a server share: the connection, its breaker, an account of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import time
from typing import Any, Protocol

import numpy.typing as npt

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.perception.model import RunnableModel, Tensors
from edge_perception.core.perception.remote import Answer, RemoteRequest
from edge_perception.core.stamps import SECOND
from edge_perception.drivers.remote.breaker import Breaker
from edge_perception.drivers.remote.messages import answer, AnswerError, request, SLACK
from edge_perception.drivers.remote.server import Call, LateError, Server, ServerError

_MS = 1000.0


class Local(RunnableModel, Protocol):
    """A model of this machine that also gives what its network would be shown."""

    def preprocess(self, frame: npt.NDArray[Any], encoding: str) -> npt.NDArray[Any]:
        """Return the network's input."""


@dataclass
class Account:
    """
    What became of the requests, and bytes.

    :ivar spared: pictures that the server was not asked about, since it was left alone.
    """

    answered: int = 0
    late: int = 0
    failed: int = 0
    spared: int = 0
    sent: int = 0
    received: int = 0


class Asking:
    """
    A model of this machine that also asks a server.

    The picture is sent as the network is shown it. No more than one request is under way.

    :ivar manifest: of the model of this machine, whose outputs the server gives, too.
    :ivar account: so far.
    """

    def __init__(self, local: Local, asked: RemoteRequest) -> None:
        """
        Prepare the connection.

        :raises BundleError: if gRPC isn't there, or the credentials can't be used.
        """
        self.manifest, self.variant, self.caveat = local.manifest, local.variant, local.caveat
        self.signed_at = local.signed_at
        self._local, self._asked = local, asked
        self._outputs = local.manifest.model.outputs
        size = sum(one.form.bytes for one in self._outputs)
        self._server = Server(asked, size + SLACK)
        self._breaker = Breaker(time.monotonic)
        self._problem = ""
        self.account = Account()
        self._newest = 0.0  # seconds that the last answer took

    def run_regions(
        self, frame: npt.NDArray[Any], encoding: str, maps: npt.ArrayLike
    ) -> Sequence[Tensors]:
        """Run on regions of it, here alone."""
        return self._local.run_regions(frame, encoding, maps)

    def close(self) -> None:
        """Free the model and end the connection."""
        self._server.close()
        self._local.close()

    def diagnose(self) -> Diagnostic:
        """Return where pictures go, how many bytes, how late answers come, and what is wrong."""
        account = self.account
        values = {
            "url": self._asked.url,
            "model": self._asked.model,
            "answered": str(account.answered),
            "late": str(account.late),
            "failed": str(account.failed),
            "not asked": str(account.spared),
            "sent": f"{account.sent} bytes",
            "received": f"{account.received} bytes",
            "last answer": f"{self._newest * _MS:.1f} ms",
            "deadline": f"{self._asked.deadline / SECOND * _MS:.0f} ms",
        }
        name = f"remote {self._asked.model}"
        if not self._problem:
            return Diagnostic(Level.OK, name, f"{self._asked.url} answers in time", values)
        left = self._breaker.left
        pause = f"; it is asked again in {left:.0f} s" if left else ""
        problem = f"{self._asked.url}: {self._problem}"
        message = f"{problem}; what this machine computes counts meanwhile{pause}"
        return Diagnostic(Level.WARN, name, message, values)

    def _ask(self, frame: npt.NDArray[Any], encoding: str) -> Call | None:
        """Send a picture, unless the server is left alone."""
        if self._breaker.left:
            self.account.spared += 1
            return None
        shown = self._local.preprocess(frame, encoding)
        image = self.manifest.model.inputs[0]
        data = request(self._asked.model, image, shown, self._outputs)
        self.account.sent += len(data)
        return self._server.ask(data)

    def _take(self, call: Call, begun: float) -> Answer | None:
        """
        Return what is answered by the deadline, None if that is nothing that can be used.

        :param begun: when the server was asked, by the monotonic clock [s].
        """
        try:
            data = call.answer(begun + self._asked.deadline / SECOND - time.monotonic())
            self.account.received += len(data)
            outputs = answer(data, self._outputs)
        except LateError:
            self.account.late += 1
            self._fail(f"it does not answer within {self._asked.deadline / SECOND:g} s")
        except (ServerError, AnswerError) as error:
            self.account.failed += 1
            self._fail(str(error))
        else:
            self.account.answered += 1
            self._newest, self._problem = time.monotonic() - begun, ""
            self._breaker.succeed()
            return Answer(outputs, self._asked.model)
        return None

    def _fail(self, problem: str) -> None:
        self._problem = problem
        self._breaker.fail()
        if self._breaker.left:
            self._server.renew()  # in the pause: it takes several times as long as an answer
