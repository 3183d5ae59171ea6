"""What one run of the robot is told, and what it has seen, as they go from process to process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
import enum
import json
from pathlib import Path

from edge_perception.core.perception.remote import Policy, RemoteRequest


class Mode(enum.Enum):
    """Who computes the model."""

    LOCAL = "local"
    """This machine."""
    REMOTE = "remote"
    """The server alone: without its answer nothing is seen."""
    REMOTE_FIRST = "remote_first"
    """Both: the server's answer counts if it is there by the deadline (docs/perception.md)."""


@dataclass(frozen=True)
class Order:
    """
    A run that is wanted.

    :ivar model: path of the bundle.
    :ivar rate: images a second.
    :ivar rules: path of the rules.
    :ivar frames: images that count.
    :ivar warm_up: those before them.
    :ivar remote: fields of the `RemoteRequest`, without its policy; none for `Mode.LOCAL`.
    """

    mode: Mode
    model: str
    camera: str
    rate: float
    rules: str
    frames: int
    warm_up: int
    remote: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps({**asdict(self), "mode": self.mode.value})

    @staticmethod
    def of_json(text: str) -> Order:
        """Return what such a line says."""
        fields = json.loads(text)
        return Order(**{**fields, "mode": Mode(fields["mode"])})


def fields_of(request: RemoteRequest) -> dict[str, object]:
    """Return the fields of a request that an `Order` has."""
    found = {name: value for name, value in vars(request).items() if name != "policy"}
    return {name: str(one) if isinstance(one, Path) else one for name, one in found.items()}


def request_of(order: Order) -> RemoteRequest | None:
    """Return the request of an order, None if no server is to be asked."""
    if order.mode is Mode.LOCAL:
        return None
    fields = dict(order.remote)
    for name in ("authorities", "token"):
        if fields[name] is not None:
            fields[name] = Path(str(fields[name]))
    return RemoteRequest(**fields, policy=Policy.REMOTE_FIRST)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Said:
    """
    A decision that was published.

    :ivar at: when [ns].
    :ivar stamp: when the image was taken that it rests on [ns].
    :ivar is_safe: whether it is the safe action, since nothing fresh was seen.
    """

    at: int
    stamp: int
    is_safe: bool


@dataclass(frozen=True)
class Record:
    """
    What came of a run.

    :ivar begin: of what counts [ns].
    :ivar end: of that [ns]; decisions on its last images may come a little later.
    :ivar frames: when each image was taken [ns].
    :ivar decisions: all that were published, those before the begin, too.
    :ivar cpu: seconds of processor time of the robot's process, from begin to end.
    :ivar joules: of what `meter` is; None: not known.
    :ivar meter: what counts energy, or why nothing does.
    :ivar asked: what became of the requests to the server, by what became of them.
    """

    begin: int
    end: int
    frames: Sequence[int]
    decisions: Sequence[Said]
    cpu: float
    joules: float | None
    meter: str
    asked: Mapping[str, int]

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    @staticmethod
    def of_json(text: str) -> Record:
        """Return what such a line says."""
        fields = json.loads(text)
        return Record(**{**fields, "decisions": [Said(**one) for one in fields["decisions"]]})
