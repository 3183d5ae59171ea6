"""The trail of what was unlocked: a chain in which nothing can be changed unnoticed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import stat

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_perception.core.decision.audit import AuditError, FIRST, Trail, verify
from edge_perception.drivers.audit_file import AuditFile


def test_entries_are_chained_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "state" / "unlock.log"
    for event in ("unlocked", "refused", "unlocked"):
        file = AuditFile(path)
        Trail(file).record({"event": event, "time": 7})
        file.close()
        file.close()
    lines = path.read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["unlocked", "refused", "unlocked"]
    previous = FIRST
    for line in lines:  # by hand
        entry = json.loads(line)
        assert entry["previous"] == previous
        previous = entry.pop("hash")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == previous
    assert verify(lines) == (3, previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


class Lines:
    """A log in memory."""

    name = "the log"

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def last(self) -> str:
        return self.lines[-1] if self.lines else ""

    def append(self, line: str) -> None:
        self.lines.append(line)

    def close(self) -> None:
        pass


@given(st.integers(0, 4), st.integers(0, 200), st.characters(codec="ascii"))
def test_a_change_is_noticed(line: int, at: int, to: str) -> None:
    log = Lines([])
    trail = Trail(log)
    for number in range(5):
        trail.record({"event": "unlocked", "number": number})
    assert verify(log.lines)[0] == 5
    changed = list(log.lines)
    at %= len(changed[line])
    changed[line] = changed[line][:at] + to + changed[line][at + 1 :]
    same = list(map(json.loads, log.lines))
    message = ""
    try:
        verify(changed)
    except AuditError as error:
        message = str(error)
    if message:
        assert f"line {line + 1}" in message or f"line {line + 2}" in message
    else:  # another way to write the same
        assert list(map(json.loads, changed)) == same


def test_a_line_that_is_left_out_or_put_elsewhere_is_noticed() -> None:
    log = Lines([])
    trail = Trail(log)
    for number in range(4):
        trail.record({"number": number})
    for order in ([0, 2, 3], [1, 2, 3], [0, 2, 1, 3], [0, 0, 1]):
        with pytest.raises(AuditError, match="a line before it is missing"):
            verify([log.lines[number] for number in order])


@pytest.mark.parametrize("last", ["{", "[]", "3", '{"hash": 1}', '{"hash": "x", "previous": "y"}'])
def test_a_damaged_trail_is_not_continued(last: str) -> None:
    with pytest.raises(AuditError, match="the last line of the log"):
        Trail(Lines([last]))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "unlock.log"
    first = AuditFile(path)
    with pytest.raises(OSError, match="another decision node writes it"):
        AuditFile(path)
    first.close()
    AuditFile(path).close()


def test_a_line_that_was_cut_off_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "unlock.log"
    file = AuditFile(path)
    Trail(file).record({"event": "unlocked"})
    file.close()
    path.write_bytes(path.read_bytes()[:-9])
    file = AuditFile(path)
    with pytest.raises(AuditError, match="is no entry; move the file aside"):
        Trail(file)
    file.close()
