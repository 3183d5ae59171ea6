"""What a stage may ask of a server: where it is, how long it waits, by what it proves itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import enum
import ipaddress
import math
from pathlib import Path
import re
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from edge_perception.core.image import Pixels
from edge_perception.core.keys import Key, Keys, required
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Diagnostic
from edge_perception.core.stamps import SECOND
from edge_perception.decode.detections import Attribute, Detections
from edge_perception.decode.joining import joined
from edge_perception.messages.types import Detection

SOURCE, REMOTE = "source", "remote"
"""The attribute of things that a server has seen, and its label."""
STAMP = "stamp"
"""That of things in an earlier picture, whose label says when it was taken [s]."""
_PLAIN, _ENCRYPTED = "grpc", "grpcs"
_SOONEST, _LONGEST = 0.001, 10.0  # seconds
_SLOWEST, _FASTEST, _USUAL = 0.001, 30.0, 1.0  # second opinions a second
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
    :ivar via: host and port of a link that leads there, to connect to instead; empty: none.
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
    via: str = ""

    @property
    def url(self) -> str:
        """Return where it is, as a description has it."""
        return f"{_ENCRYPTED if self.is_encrypted else _PLAIN}://{self.host}"

    @property
    def name(self) -> str:
        """Return the host without the port."""
        return self.host.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.host.rpartition(":")[2])


_POLICIES = {one.value: one for one in Policy}
KEYS: Keys = {
    "url": Key(f"{_ENCRYPTED}://HOST:PORT (TLS) or {_PLAIN}://HOST:PORT", "where it is", True),
    "model": Key("a text", "the name by which the server knows its model", True),
    "deadline": Key(
        f"a number from {_SOONEST:g} to {_LONGEST:g}",
        f"seconds: {Policy.REMOTE_FIRST.value} waits so long for an answer at most, from the "
        f"stage's begin; a {Policy.SECOND_OPINION.value} must have come and been shown by then",
        True,
    ),
    "policy": Key(
        f"one of {', '.join(_POLICIES)}", f"whose answer counts; {Policy.LOCAL.value} if not given"
    ),
    "rate": Key(
        f"a number from {_SLOWEST:g} to {_FASTEST:g}",
        f"of {Policy.SECOND_OPINION.value}: how often a second it is asked for at most; "
        f"{_USUAL:g} if not given",
    ),
    "credentials": Key("a mapping", "files, only with TLS or to this machine"),
}
"""Those of the key ``remote``."""
FILES: Keys = {
    "authorities": Key(
        "a file (PEM)",
        "certificates that the server's must come from; those that the system trusts if not given",
    ),
    "token": Key("a file", "what is sent as authorization: Bearer"),
}
"""Those of ``credentials``."""


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


def taken_at(thing: Detection) -> float | None:
    """
    Return when the earlier picture was taken that an opinion shows a thing in [s].

    :returns: None if the thing is in the picture that it is published with; NaN if it can't be
        told.
    """
    said = [one.label for one in thing.attributes if one.stage == STAMP]
    try:
        return min(map(float, said), default=None)
    except ValueError:
        return math.nan


def read(item: Item, folder: Path) -> RemoteRequest:
    """
    Read the key ``remote`` of a stage.

    :param folder: from which files are meant.
    :raises FileError: with line and column of the first mistake.
    """
    fields = item.mapping(KEYS, required(KEYS))
    given = fields["credentials"].mapping(FILES) if "credentials" in fields else {}
    files = {name: folder / one.text() for name, one in given.items()}
    try:
        host, is_encrypted = place(fields["url"].text(), bool(files))
    except ValueError as error:
        raise fields["url"].error(str(error)) from error
    name = fields["policy"].choice(_POLICIES, "policy") if "policy" in fields else ""
    policy = _POLICIES.get(name, Policy.LOCAL)
    if "rate" in fields and policy is Policy.REMOTE_FIRST:
        raise fields["rate"].error(
            f"{Policy.REMOTE_FIRST.value} asks for every image; a rate is of"
            f" {Policy.SECOND_OPINION.value} alone"
        )
    return RemoteRequest(
        host,
        is_encrypted,
        fields["model"].text(),
        policy,
        round(fields["deadline"].number(_SOONEST, _LONGEST) * SECOND),
        files.get("authorities"),
        files.get("token"),
        fields["rate"].number(_SLOWEST, _FASTEST) if "rate" in fields else _USUAL,
    )


def place(url: str, has_credentials: bool) -> tuple[str, bool]:
    """
    Return host with port, and whether what is sent there is encrypted.

    :param has_credentials: whether they are sent, too.
    :raises ValueError: if it is no such place, or none to send credentials to.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError(
            f"expected {_ENCRYPTED}://HOST:PORT, or {_PLAIN}:// without encryption, received"
            f" {url!r:.80}"
        )
    scheme, place, host = parts.groups()
    if has_credentials and scheme == _PLAIN and not _is_loopback(host.strip("[]")):
        raise ValueError(
            f"credentials could be read on the way: use {_ENCRYPTED}://, which encrypts"
        )
    return place, scheme == _ENCRYPTED


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
