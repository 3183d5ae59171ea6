"""What a stage may ask of a server: where it is, how long it waits, by what it proves itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import enum
import ipaddress
from pathlib import Path
import re
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from edge_perception.core.image import Pixels
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Diagnostic
from edge_perception.core.stamps import SECOND
from edge_perception.decode.detections import Attribute, Detections
from edge_perception.decode.joining import joined

SOURCE, REMOTE = "source", "remote"
"""The attribute of things that a server has seen, and its label."""
STAMP = "stamp"
"""That of things in an earlier picture, whose label says when it was taken [s]."""
_PLAIN, _ENCRYPTED = "grpc", "grpcs"
_LONGEST = 10.0  # seconds
_SLOWEST, _FASTEST, _USUAL = 0.001, 30.0, 1.0  # second opinions a second
_KEYS = ("url", "model", "policy", "deadline", "rate", "credentials")
_FILES = ("authorities", "token")
_URL = re.compile(r"(grpcs?)://(([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,45}\]):[0-9]{1,5})")
"""Its parts: scheme, host with port, host."""


class Policy(enum.Enum):
    """Whose answer counts, as a description names it."""

    LOCAL = "local"
    """That of this machine; nothing is sent."""
    REMOTE_FIRST = "remote_first"
    """The server's if it is there in time, else that of this machine, which is always computed."""
    SECOND_OPINION = "second_opinion"
    """That of this machine; what the server sees, at a low rate, stands beside it."""


@dataclass(frozen=True)
class RemoteRequest:
    """
    A server of the Open Inference Protocol that is wanted.

    :ivar host: with the port.
    :ivar is_encrypted: whether by TLS.
    :ivar model: by which the server knows it; its outputs are those of the bundle.
    :ivar deadline: after the stage has begun, at which an answer counts no more [ns]; of a second
        opinion, after it was asked for.
    :ivar rate: of second opinions at most [1/s].
    :ivar authorities: the file (PEM) with the certificates that the server's must come from; None:
        those that the system trusts.
    :ivar token: the file with what we prove ourselves by; None: nothing is asked for.
    """

    host: str
    is_encrypted: bool
    model: str
    policy: Policy
    deadline: int
    authorities: Path | None = None
    token: Path | None = None
    rate: float = _USUAL

    @property
    def url(self) -> str:
        """Return where it is, as a description has it."""
        return f"{_ENCRYPTED if self.is_encrypted else _PLAIN}://{self.host}"


_POLICIES = {one.value: one for one in Policy}


class Answer(dict[str, "npt.NDArray[Any]"]):
    """
    Outputs of a model that a server has computed.

    :ivar model: by which the server knows it.
    """

    def __init__(self, outputs: Mapping[str, npt.NDArray[Any]], model: str) -> None:
        super().__init__(outputs)
        self.model = model


@dataclass(frozen=True)
class Opinion:
    """
    What a server has answered on an earlier picture.

    :ivar size: width and height of the picture.
    :ivar stamp: when it was taken [ns]; 0 if that isn't known.
    """

    answer: Answer
    size: tuple[int, int]
    stamp: int


@runtime_checkable
class Adviser(Protocol):
    """A model that asks for second opinions."""

    def consult(self, pixels: Pixels, stamp: int) -> Opinion | None:
        """
        Return an opinion that has come, and ask for one on these pixels if it is time.

        :param stamp: when the picture was taken [ns].
        """


@runtime_checkable
class Reports(Protocol):
    """A model that has something to say of itself."""

    def diagnose(self) -> Diagnostic:
        """Return its state."""


def marked(seen: Detections, tensors: Mapping[str, npt.NDArray[Any]]) -> Detections:
    """Return what was seen in a model's outputs, with its source if that was a server."""
    if not isinstance(tensors, Answer):
        return seen
    said = Attribute(SOURCE, tensors.model, REMOTE, -1, 1.0)
    return seen.with_attributes(dict.fromkeys(range(len(seen)), said))


def beside(seen: Detections, opinion: Detections, stamp: int) -> Detections:
    """
    Return what was seen, and what an opinion on an earlier picture adds.

    :param stamp: when that picture was taken [ns].
    """
    taken = Attribute(STAMP, "", f"{stamp / SECOND:.3f}", -1, 1.0)
    later = opinion.with_attributes(dict.fromkeys(range(len(opinion)), taken))
    return joined(seen, later) if len(seen) else later


def read(item: Item, folder: Path) -> RemoteRequest:
    """
    Read the key ``remote`` of a stage.

    :param folder: from which files are meant.
    :raises FileError: with line and column of the first mistake.
    """
    fields = item.mapping(_KEYS, required=("url", "model", "deadline"))
    given = fields["credentials"].mapping(_FILES) if "credentials" in fields else {}
    files = {name: folder / one.text() for name, one in given.items()}
    url = _URL.fullmatch(fields["url"].text())
    if url is None:
        raise fields["url"].error(
            f"expected {_ENCRYPTED}://HOST:PORT, or {_PLAIN}:// without encryption, received"
            f" {fields['url'].text()!r:.80}"
        )
    encrypted = url[1] == _ENCRYPTED
    if files and not encrypted and not _is_loopback(url[3].strip("[]")):
        raise fields["url"].error(
            f"credentials could be read on the way: use {_ENCRYPTED}://, which encrypts"
        )
    name = fields["policy"].choice(_POLICIES, "policy") if "policy" in fields else ""
    policy = _POLICIES.get(name, Policy.LOCAL)
    if "rate" in fields and policy is Policy.REMOTE_FIRST:
        raise fields["rate"].error(
            f"{Policy.REMOTE_FIRST.value} asks for every image; a rate is of"
            f" {Policy.SECOND_OPINION.value} alone"
        )
    return RemoteRequest(
        url[2],
        encrypted,
        fields["model"].text(),
        policy,
        round(fields["deadline"].number(0.001, _LONGEST) * SECOND),
        files.get("authorities"),
        files.get("token"),
        fields["rate"].number(_SLOWEST, _FASTEST) if "rate" in fields else _USUAL,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
