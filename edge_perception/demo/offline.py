"""Perception and decision by themselves, shown one picture after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.image import to_message
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.source import Frame
from edge_perception.core.stamps import to_time
from edge_perception.environment import this_machine
from edge_perception.messages.types import Decision, DetectionArray, Header, Image


@dataclass(frozen=True)
class Seen:
    """
    A picture, and what became of it.

    :ivar unlocked: whether a lock is open.
    """

    image: Image
    detections: DetectionArray
    decision: Decision
    unlocked: bool


class OfflineRobot:
    """
    The cores of the nodes, without a transport: it is the time that it is told.

    What it sees and decides is what a running robot would, which saw every picture at once.
    """

    def __init__(
        self,
        pipeline: Path,
        rules: Path | None = None,
        audit_log: Path | None = None,
        **perception: object,
    ) -> None:
        """
        Load everything.

        :param pipeline: the bundle or the description of a pipeline.
        :param rules: config/rules.yaml of this package if none are given.
        :param audit_log: where it is recorded what was unlocked.
        :param perception: further parameters of the perception.
        :raises ConfigurationError: if something can't be used.
        """
        here = this_machine()
        self._perception, self._decision = PerceptionCore(here), DecisionCore(here)
        files = {"rules": rules, "audit_log": audit_log}
        given = {name: str(path) for name, path in files.items() if path is not None}
        try:
            self._perception.configure(
                Parameters(self._perception.parameters, {"model": str(pipeline), **perception})
            )
            self._decision.configure(Parameters(self._decision.parameters, given))
        except Exception:
            self.close()
            raise

    def see(self, frame: Frame, now: int) -> Seen:
        """
        Show a picture.

        :param now: the time at which it is taken, seen and decided on [ns].
        """
        image = to_message(frame.data, frame.encoding, Header(to_time(now), "camera"))
        outputs: dict[str, Any] = dict(self._perception.step({"image": image}, now))
        seen = outputs["detections"]
        decided: dict[str, Any] = dict(self._decision.step({"detections": seen}, now))
        lock = decided.get("unlock")
        return Seen(image, seen, decided["decision"], lock is not None and bool(lock.data))

    def close(self) -> None:
        """Free the models, and end the record."""
        self._perception.close()
        self._decision.close()
