"""
A trail of what was unlocked and what was refused, in which nothing can be changed unnoticed.

Each line is a JSON object that holds the hash of the line before and its own, so a line that was
changed, left out or put in between breaks the chain. Whoever can write the file can still cut off
its end, or write it anew: a copy of the newest hash elsewhere tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
import hashlib
import json
from typing import Protocol

FIRST = "0" * 64
"""The hash before the first line."""


class AuditError(Exception):
    """A trail that can't be continued, or that was changed: why, and what to do."""


class AuditLog(Protocol):
    """A file of lines to which one can only append."""

    @property
    def name(self) -> str:
        """Return what to call it."""

    def last(self) -> str:
        """Return the last line; empty if there is none. Raises OSError."""

    def append(self, line: str) -> None:
        """Add a line, for good when this returns. Raises OSError."""

    def close(self) -> None:
        """Let others have it; may be called twice."""


OpenAudit = Callable[[str], AuditLog]
"""Opens the log at a path; empty: at the usual place. Raises OSError."""


class Trail:
    """Continues a chain."""

    def __init__(self, log: AuditLog) -> None:
        """
        Begin where the log ends.

        :raises AuditError: if it ends with something else than an entry.
        """
        self._log = log
        try:
            last = log.last()
        except OSError as error:
            raise AuditError(f"{log.name} can't be read: {error.strerror}") from error
        self._previous = _checked(last, None, f"the last line of {log.name}") if last else FIRST

    def record(self, event: Mapping[str, object]) -> None:
        """
        Add an entry.

        :raises AuditError: if it can't be written.
        """
        entry = {**event, "previous": self._previous}
        entry["hash"] = _hash(entry)
        try:
            self._log.append(_text(entry))
        except OSError as error:
            raise AuditError(f"{self._log.name} can't be written: {error.strerror}") from error
        self._previous = str(entry["hash"])


def verify(lines: Iterable[str]) -> tuple[int, str]:
    """
    Check a whole chain.

    :returns: the number of its entries, and the hash of the last one.
    :raises AuditError: with the number of the first line that breaks it.
    """
    previous, number = FIRST, 0
    for number, line in enumerate(lines, 1):
        previous = _checked(line, previous, f"line {number}")
    return number, previous


def _checked(line: str, previous: str | None, where: str) -> str:
    """
    Return the hash of an entry.

    :param previous: the hash that it must name as the one before; None: any.
    """
    try:
        entry = json.loads(line)
        claimed = entry.pop("hash")
        right = claimed == _hash(entry) and (previous is None or entry["previous"] == previous)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AuditError(f"{where} is no entry; move the file aside and keep it") from None
    if not right:
        raise AuditError(f"{where} was changed, or a line before it is missing")
    return str(claimed)


def _hash(entry: Mapping[str, object]) -> str:
    return hashlib.sha256(_text(entry).encode()).hexdigest()


def _text(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
