"""The bias of a gyroscope, kept from one start of the robot to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.rotation import Vector
from edge_perception.core.stamps import SECOND

_SAVE_INTERVAL = 60 * SECOND
_DAY = 86400 * SECOND


class BiasStoreError(Exception):
    """A bias can't be read or written: what, why and what to do, in one sentence."""


@dataclass(frozen=True)
class StoredBias:
    """
    A bias and when it was found.

    :ivar gyroscope: [rad/s].
    :ivar stamp: nanoseconds of system time.
    """

    gyroscope: Vector
    stamp: int


class BiasStore(Protocol):
    """Keeps the bias of each source."""

    def load(self, source: str) -> StoredBias | None:
        """
        Return what was saved; None if nothing was.

        :raises BiasStoreError: if it can't be read.
        """

    def save(self, source: str, bias: StoredBias) -> None:
        """
        Save, all of it or nothing.

        :raises BiasStoreError: if that fails.
        """


class Bias:
    """
    The bias to take off the measurements of a source.

    :ivar gyroscope: [rad/s]; zero while it is unknown.
    """

    def __init__(self, store: BiasStore, source: str, age: int) -> None:
        """
        Begin without a bias.

        :param age: nanoseconds after which a stored bias is not used.
        """
        self.gyroscope: Vector = (0.0, 0.0, 0.0)
        self._store = store
        self._source = source
        self._age = age
        self._keep = False
        self._saved: int | None = None
        self._state = (Level.OK, "not calibrated yet; let it stand still for some seconds")

    def load(self, now: int) -> None:
        """Use the stored bias if it is not too old, and save those that are found from now on."""
        self._keep = True
        try:
            stored = self._store.load(self._source)
        except BiasStoreError as error:
            self._state = (Level.WARN, str(error))
            return
        if stored is None:
            return
        age = now - stored.stamp
        if not 0 <= age <= self._age:
            self._state = (
                Level.WARN,
                f"the stored bias is {age / _DAY:.1f} days old and is not used; let the IMU stand "
                "still for some seconds",
            )
            return
        self.gyroscope = stored.gyroscope
        self._state = (Level.OK, f"the stored bias is used, {age / _DAY:.1f} days old")

    def found(self, gyroscope: Vector, now: int) -> None:
        """Use a new bias, and save it if that was not done lately."""
        self.gyroscope = gyroscope
        self._state = (Level.OK, "calibrated at standstill")
        if not self._keep or (self._saved is not None and 0 <= now - self._saved < _SAVE_INTERVAL):
            return
        self._saved = now
        try:
            self._store.save(self._source, StoredBias(gyroscope, now))
        except BiasStoreError as error:
            self._state = (Level.WARN, str(error))

    def diagnose(self) -> Diagnostic:
        """Return where the bias comes from."""
        level, message = self._state
        bias = " ".join(f"{value:.5f}" for value in self.gyroscope)
        return Diagnostic(level, "calibration", message, {"gyroscope bias [rad/s]": bias})
