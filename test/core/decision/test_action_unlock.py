"""The owner's door: it opens for one live track that is surely the owner, and is recorded."""

from __future__ import annotations

from dataclasses import replace
import json
from typing import Any

import pytest
from rule_files import condition, image, MS, NOW, Robot, thing

from edge_perception.core.decision.audit import verify
from edge_perception.core.decision.situation import Situation
from edge_perception.core.node import ConfigurationError
from edge_perception.core.stamps import SECOND
from edge_perception.environment import this_machine
from edge_perception.messages.types import Attribute, Detection

RULES = """\
version: 1
timeout: {detections: 0.5}
actions:
  locked: {}
  open: {unlock: {matches: 3, interval: 5.0}, trigger: true}
default: locked
safe: locked
rules:
  - {name: owner, when: {identity: anna}, action: open, after: 2 of 2, release: 2 of 2}
"""
BOX = (10, 10, 20, 20)


class Log:
    """A log in memory."""

    name = "the log"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fault: OSError | None = None
        self.takes = self.wall = 0  # nanoseconds

    def last(self) -> str:
        return ""

    def append(self, line: str) -> None:
        if self.fault:
            raise self.fault
        self.wall += self.takes
        self.lines.append(line)

    def close(self) -> None:
        pass


def face(name: str, track: int, box: tuple[float, ...] = BOX) -> Detection:
    said = [Attribute("identify", "m", name, 0, 0.8)] if name else []
    return thing("face", box, track_id=track, attributes=said)


def opinion(name: str, track: int, taken: str) -> Detection:
    """Return a face that a server saw in an earlier picture."""
    seen = face(name, track)
    seen.attributes = [*seen.attributes, Attribute("stamp", "", taken, -1, 1.0)]
    return seen


class Door:
    """A robot at the door, shown ten images a second."""

    def __init__(self, rules: str = RULES, **parameters: Any) -> None:
        self.log = Log()
        here = replace(
            this_machine(), open_audit=lambda path: self.log, monotonic=lambda: self.log.wall
        )
        self.robot = Robot(rules, here, **parameters)
        self.now = NOW
        self.reason = ""
        for _ in range(2):
            self.show()

    def show(self, *faces: Detection) -> bool:
        """Show an image; return whether it opens."""
        self.now += 100 * MS
        decision = self.robot.step(self.now, *faces)
        self.reason = decision.reason
        opens = bool(self.robot.outputs["unlock"].data)
        assert opens == self.robot.outputs["trigger"].data == (decision.action == "open")
        return opens

    @property
    def events(self) -> list[tuple[str, str]]:
        """Return what was recorded."""
        verify(self.log.lines)
        entries = map(json.loads, self.log.lines)
        return [(entry["event"], entry.get("reason", "")) for entry in entries]


def test_the_same_track_must_match_in_a_row() -> None:
    door = Door()
    assert [door.show(face("anna", 7)) for _ in range(4)] == [False, False, True, True]
    [line] = door.log.lines[-1:]
    entry = json.loads(line)
    assert (entry["event"], entry["rule"], entry["track"]) == ("unlocked", "owner", 7)
    assert entry["said"] == [["identify", "anna", 0.8]]
    assert entry["image"] == entry["time"] == door.now - 100 * MS


def test_two_tracks_do_not_add_up() -> None:
    door = Door()
    assert not any(door.show(face("anna", track)) for track in (1, 2, 1, 2, 1, 2))
    assert door.reason == "'owner' is refused: 1 of 3 images in a row show the same track"
    assert not any(door.show(face("anna", -1)) for _ in range(5))
    assert "perception needs the stage track" in door.reason


def test_what_else_the_rule_asks_for_is_not_whom_it_is_for() -> None:
    both = "all: [{identity: anna}, {label: live}]"
    door = Door(RULES.replace("{identity: anna}", "{" + both + "}"))
    live = thing("live", BOX, track_id=9)
    assert not any(door.show(face("anna", track), live) for track in (1, 2, 1, 2, 1, 2))
    assert [door.show(face("anna", 1), live) for _ in range(3)] == [False, False, True]


def test_an_image_in_between_without_the_owner_begins_anew() -> None:
    door = Door(RULES.replace("release: 2 of 2", "release: 5 of 5"))
    shown = [
        face("anna", 1),
        face("anna", 1),
        face("unknown", 1),
        face("anna", 1),
        face("anna", 1),
    ]
    assert not any(door.show(one) for one in shown)
    assert door.show(face("anna", 1))


def test_nobody_unknown_may_be_nearer() -> None:
    door = Door()
    large = (40, 0, 40, 45)
    smiling = face("", 3, large)
    smiling.attributes = [Attribute("classify", "m", "smiles", 0, 0.9)]
    for stranger in (face("unknown", 2, large), face("", 3, large), smiling):
        assert not any(door.show(face("anna", 1), stranger) for _ in range(6))
        assert "somebody unknown (face) is nearer" in door.reason
    small, friend = face("unknown", 2, (40, 0, 5, 5)), face("bert", 4, large)
    assert door.show(face("anna", 1), small, friend)
    assert not door.show(face("anna", 1), face("unknown", 2, large))  # and closes when one comes
    held = Door(RULES.replace("release: 2 of 2", "release: 9 of 9"))
    assert [held.show(face("anna", 1)) for _ in range(3)][-1]
    assert held.show()  # held open without anybody, but not for somebody else
    assert not held.show(face("unknown", 2, (0, 0, 5, 5)))
    bold = Door(RULES.replace("matches: 3", "strangers: true, matches: 3"))
    assert any(bold.show(face("anna", 1), face("unknown", 2, large)) for _ in range(3))


def test_what_may_be_a_recording_opens_nothing() -> None:
    door = Door()
    door.robot.core.is_simulated = lambda: True
    assert not any(door.show(face("anna", 1)) for _ in range(6))
    assert door.reason == "'owner' is refused: the time is simulated (use_sim_time)"
    assert door.events == [("refused", "the time is simulated (use_sim_time)")]


def test_images_that_are_shown_again_open_nothing() -> None:
    door = Door()
    door.show(face("anna", 1))
    for _ in range(5):
        door.robot.step(door.now, face("anna", 1))
        assert not door.robot.outputs["unlock"].data


def test_it_opens_not_too_often() -> None:
    door = Door()
    opened = []
    for step in range(80):
        if door.show(*[face("anna", 1)] * (step % 10 < 6)):
            opened.append(step)
    first, *later = [step for step in opened if step - 1 not in opened]
    assert first == 2
    assert all(after - before >= 50 for before, after in zip([first, *later], later, strict=False))
    assert later
    refused = [reason for event, reason in door.events if event == "refused"]
    assert refused[0] == "it was opened 0.9 s ago, and 5 s must pass"
    assert len(refused) < len(opened)


def test_what_can_not_be_recorded_is_not_done() -> None:
    door = Door()
    door.log.fault = OSError(28, "No space left on device")
    assert not any(door.show(face("anna", 1)) for _ in range(6))
    assert door.reason == (
        "'owner' is refused: it can't be recorded: the log can't be written: "
        "No space left on device"
    )


def test_what_took_too_long_to_record_is_not_done() -> None:
    door = Door()
    assert not any(door.show(face("anna", 1)) for _ in range(2))
    door.log.takes = 3 * SECOND
    assert not door.show(face("anna", 1))
    assert door.reason == "it took 3.0 s to decide"
    assert [event for event, _ in door.events] == ["unlocked"]


@pytest.mark.parametrize("key", ["default", "safe"])
def test_it_takes_a_rule_to_unlock(key: str) -> None:
    with pytest.raises(ConfigurationError, match="'open' has 'unlock', which only a rule may"):
        Door(RULES.replace(f"{key}: locked", f"{key}: open"))


def test_a_gap_locks_it_and_begins_anew() -> None:
    door = Door(RULES.replace("interval: 5.0", "interval: 0"))
    assert [door.show(face("anna", 1)) for _ in range(3)][-1]
    door.now += 2 * SECOND
    assert door.robot.run(door.now).safe
    assert not door.robot.outputs["unlock"].data
    assert [door.show(face("anna", 1)) for _ in range(3)] == [False, False, True]


def test_a_node_that_can_not_record_does_not_start() -> None:
    def refuse(path: str) -> Any:
        raise OSError(13, "Permission denied")

    with pytest.raises(
        ConfigurationError, match=r"/x.log can't be opened: Permission denied; set"
    ):
        Robot(RULES, replace(this_machine(), open_audit=refuse), audit_log="/x.log")
    Robot(RULES, replace(this_machine(), open_audit=refuse), dry_run=True)


def seconds(time: int) -> str:
    return f"{time / SECOND:.3f}"


@pytest.mark.parametrize(
    ("age", "opens"), [(300 * MS, True), (500 * MS, True), (600 * MS, False), (-200 * MS, False)]
)
def test_an_opinion_opens_only_while_its_picture_is_fresh(age: int, opens: bool) -> None:
    """However late the server may answer, by its own deadline: rules have their own limit."""
    door = Door()
    shown = [door.show(opinion("anna", 7, seconds(door.now + 100 * MS - age))) for _ in range(5)]
    assert shown[-1] == opens


@pytest.mark.parametrize("taken", ["nan", "inf", "-inf", "soon", ""])
def test_an_opinion_of_no_time_opens_nothing(taken: str) -> None:
    door = Door()
    assert not any(door.show(opinion("anna", 7, taken)) for _ in range(5))


def test_an_old_opinion_counts_for_the_cautious_alone() -> None:
    """A stranger whom it shows may be there still, and so may what the robot stops for."""
    door = Door()
    near = opinion("unknown", 8, seconds(NOW - SECOND))
    near.width = near.height = 40
    assert not any(door.show(face("anna", 7), near) for _ in range(5))
    assert "somebody unknown" in door.reason
    old = Situation(image(opinion("anna", 7, seconds(NOW - SECOND))), fresh_since=NOW - MS)
    for when, strict, cautious in (
        ("{identity: anna}", False, True),
        ("{none: [{identity: anna}]}", False, True),
        ("{label: dog}", False, False),
    ):
        asked = condition(when)
        assert (asked.evidence(old) is not None) == strict
        assert (asked.evidence(replace(old, cautious=True)) is not None) == cautious
