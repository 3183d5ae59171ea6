"""What an action waits for beside its rule, where it must not be given too easily."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_perception.messages.types import Detection, DetectionArray


@dataclass(frozen=True)
class Circumstances:
    """
    What a guard needs to know of its surroundings.

    :ivar rule: the name of its rule.
    :ivar not_live: returns why what is seen may not be happening now; empty if it is.
    :ivar record: keeps for later what is done and refused; raises AuditError if that fails.
    """

    rule: str
    not_live: Callable[[], str]
    record: Callable[[Mapping[str, object]], None]


class Guard(ABC):
    """Judges whether an action may be given whose rule is in force."""

    @abstractmethod
    def see(self, evidence: Sequence[Detection], seen: DetectionArray) -> None:
        """Look at a new image; without evidence its condition does not hold there."""

    @abstractmethod
    def refusal(self, now: int) -> str:
        """Return why the action must not be given now [ns]; empty if it may, and then it is."""

    @abstractmethod
    def end(self) -> None:
        """Learn that the action is not given, for whatever reason."""

    @abstractmethod
    def forget(self) -> None:
        """Begin anew: what was seen before a gap says nothing about now."""
