"""What node cores get of the world in a replay: models and files, but no devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from edge_perception.core.environment import Environment
from edge_perception.core.imu.bias import StoredBias
from edge_perception.core.source import SourceError


class _Memory:
    """A record of what was unlocked that is forgotten: `core.decision.audit.AuditLog`."""

    name = "the replay's record"

    def __init__(self) -> None:
        self._last = ""

    def last(self) -> str:
        """Return the last line."""
        return self._last

    def append(self, line: str) -> None:
        """Remember a line."""
        self._last = line

    def close(self) -> None:
        """Do nothing."""


class _NoBiases:
    """Keeps nothing, so that a replay is as the one before: `core.imu.bias.BiasStore`."""

    def load(self, source: str) -> StoredBias | None:
        """Return None."""
        return None

    def save(self, source: str, bias: StoredBias) -> None:
        """Forget it."""


class _Done:
    """Does at once what takes long, as the time of a bag stands still: `core.environment.Task`."""

    def __init__(self, work: Callable[[], None]) -> None:
        work()

    def is_alive(self) -> bool:
        """Return False."""
        return False

    def join(self) -> None:
        """Don't wait."""


def without_devices(environment: Environment) -> Environment:
    """Return an environment without devices, in which nothing is kept."""

    def refuse(source: str, request: object) -> NoReturn:
        raise SourceError(
            f"a replay has no devices, so {source!r} can't be opened: leave the node out, and "
            "what the bag has of it is used"
        )

    return replace(
        environment,
        start=_Done,
        open_camera=refuse,
        open_imu=refuse,
        open_wheels=refuse,
        open_audit=lambda path: _Memory(),
        open_biases=_NoBiases,
    )
