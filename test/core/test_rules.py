"""Rule files: what they mean, and the place and cause of every mistake."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_perception import messages
from edge_perception.core import located_yaml
from edge_perception.core.decision import conditions, rules
from edge_perception.core.decision.actions.limit import Limit
from edge_perception.core.decision.actions.trigger import Trigger
from edge_perception.core.decision.compatibility import warnings_for
from edge_perception.core.decision.hysteresis import Share
from edge_perception.core.decision.rules import Rules
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.travel import Travel
from edge_perception.core.labels import matches
from edge_perception.core.stamps import SECOND
from edge_perception.core.whole_file import FileError
from edge_perception.files import read_file
from edge_perception.share import share_dir

GOOD = """\
version: 1
timeout: {detections: 0.5}
actions:
  go: {}
  stop: {}
default: go
safe: stop
rules:
  - name: animal ahead
    when:
      label: [cat, "*dog"]
      score: 0.4
    action: stop
    after: 3 of 5
    release: 2 of 4
    hold: 1.5
"""

Array = messages.get("edge_perception/msg/DetectionArray")
Detection = messages.get("edge_perception/msg/Detection")


def read(text: str) -> Rules:
    return rules.read(located_yaml.parse(text, "rules.yaml"))


def holds(when: str, *seen: Any) -> list[str] | None:
    """Return the labels that are evidence for a condition, in an image of 100 x 50 pixels."""
    indented = "\n".join(f"      {line}" for line in when.splitlines())
    text = GOOD.replace('      label: [cat, "*dog"]\n      score: 0.4', indented)
    image = Array(detections=list(seen), image_width=100, image_height=50)
    evidence = read(text).rules[0].when.evidence(Situation(image))
    return None if evidence is None else [thing.label for thing in evidence]


def thing(label: str, score: float = 0.9, box: tuple[float, float] | None = None) -> Any:
    width, height = box or (0, 0)
    return Detection(label=label, score=score, has_box=box is not None, width=width, height=height)


def test_a_rule_file() -> None:
    found = read(GOOD)
    [rule] = found.rules
    assert (found.default.name, found.safe.name) == ("go", "stop")
    assert found.timeout == {"detections": SECOND // 2}
    assert (rule.name, rule.action.name) == ("animal ahead", "stop")
    assert (rule.after, rule.release, rule.hold) == (Share(3, 5), Share(2, 4), 3 * SECOND // 2)
    assert found.warm_up == 5
    assert all(action.get(Trigger) is None for action in found.actions.values())


def test_limits_and_triggers() -> None:
    text = GOOD.replace("go: {}", "go: {limit: {linear: 1, angular: 2.5}, trigger: true}")
    found = read(text.replace("stop: {}", "stop: {limit: {linear: 0, angular: 0}}"))
    assert found.default.settings == (Limit(1, 2.5), Trigger())
    assert found.safe.settings == (Limit(0, 0),)


def test_the_shipped_rules_fit_the_shipped_model() -> None:
    found = rules.load(share_dir() / "config" / "rules.yaml", read_file)
    assert found.safe.get(Limit) == Limit(0, 0)
    cat = Array(detections=[thing("tabby, tabby cat"), thing("tiger cat")])
    moped = Array(detections=[thing("moped", 0.3)])
    by_name = {rule.name: rule.when for rule in found.rules}
    assert by_name["animal ahead"].evidence(Situation(cat)) == cat.detections
    assert by_name["vehicle ahead"].evidence(Situation(cat)) is None
    assert by_name["vehicle ahead"].evidence(Situation(moped)) == moped.detections


@pytest.mark.parametrize(
    ("label", "pattern", "expected"),
    [
        ("cat", "cat", True),
        ("Cat", "cat", True),
        ("tabby, tabby cat", "tabby cat", True),
        ("tabby, tabby cat", "tabby, tabby cat", True),
        ("tabby, tabby cat", "*cat", True),
        ("catamaran", "cat", False),
        ("catamaran", "cat*", True),
        ("motor scooter, scooter", "scooter", True),
        ("scooter", "motor*", False),
        ("", "cat", False),
    ],
)
def test_labels(label: str, pattern: str, expected: bool) -> None:
    assert matches(label, pattern) == expected


@pytest.mark.parametrize(
    ("when", "seen", "expected"),
    [
        ("label: cat", [thing("dog"), thing("Cat")], ["Cat"]),
        ("label: cat", [thing("dog")], None),
        ("label: cat", [], None),
        ("label: [cat, dog]", [thing("dog"), thing("cat")], ["dog", "cat"]),
        ("score: 0.5", [thing("a", 0.5), thing("b", 0.4)], ["a"]),
        ("score: {max: 0.45}", [thing("a", 0.5), thing("b", 0.4)], ["b"]),
        ("score: {min: 0.4, max: 0.5}", [thing("a", 0.6), thing("b", 0.45)], ["b"]),
        ("area: 0.5", [thing("a", box=(50, 50)), thing("b", box=(50, 40))], ["a"]),
        ("width: 0.5", [thing("a", box=(50, 1)), thing("b", box=(49, 50))], ["a"]),
        ("height: {max: 0.5}", [thing("a", box=(50, 25)), thing("b", box=(1, 26))], ["a"]),
        ("height: {max: 0.5}", [thing("no box")], None),
        ("label: a\nwidth: 0.5", [thing("a", box=(9, 9)), thing("b", box=(99, 9))], None),
        ("any: [{label: a}, {label: b}]", [thing("b")], ["b"]),
        ("any: [{label: a}, {label: b}]", [thing("c")], None),
        ("all: [{label: a}, {label: b}]", [thing("b")], None),
        ("all: [{label: a}, {label: b}]", [thing("b"), thing("a")], ["a", "b"]),
        ("all: [{label: a}, {score: 0.1}]", [thing("a")], ["a"]),
        ("none: [{label: a}, {label: b}]", [thing("c")], []),
        ("none: [{label: a}, {label: b}]", [thing("b")], None),
        ("all: [{label: a}, none: [{label: b}]]", [thing("a")], ["a"]),
        ("all: [{label: a}, none: [{label: b}]]", [thing("a"), thing("b")], None),
    ],
)
def test_conditions(when: str, seen: list[Any], expected: list[str] | None) -> None:
    assert holds(when, *seen) == expected


MISTAKES = [
    ("version: 1", "version: 2", "line 1, column 10: this program reads version 1"),
    ("version: 1\n", "", "line 1, column 1: the key 'version' is missing"),
    ("timeout:", "timeot:", "line 2, column 1: unknown key 'timeot'", "is 'timeout' meant?"),
    ("detections: 0.5", "detection: 0.5", "line 2, column 11: unknown key", "'detections' meant?"),
    ("detections: 0.5", "detections: soon", "column 23: expected a number from 0.01 to 3600"),
    ("detections: 0.5", "detections: 0", "expected a number from 0.01 to 3600, received '0'"),
    ("detections: 0.5", "detections: .nan", "received '.nan'"),
    ("detections: 0.5", "detections: 1" + "0" * 5000, "expected a number from 0.01"),
    ("detections: 0.5", "", "line 2, column 10: the key 'detections' is missing"),
    ("default: go", "default: gone", "line 6, column 10: unknown action 'gone'", "'go' meant?"),
    ("safe: stop", "safe: off", "expected a text", "quotes", "received 'off'"),
    ("safe: stop", "safe:", "line 7, column 6: expected a text", "received nothing"),
    ("go: {}", "go:", "line 4, column 6: expected a mapping (key: value), received nothing"),
    ("go: {}", "go: {trigger: yes please}", "column 17: expected true or false"),
    ("go: {}", "go: {limit: {linear: 1, angular: 1}}", "'stop' has no limit, but others have"),
    ("go: {}", "go: {limit: {linear: -1, angular: 1}}", "number from 0 to 100, received '-1'"),
    ("go: {}", "go: {limit: {linear: 1}}", "column 15: the key 'angular' is missing"),
    ("  go: {}\n  stop: {}", "  {}", "line 4, column 3: there is no action"),
    ("action: stop", "action: slow", "line 13, column 13: unknown action 'slow'"),
    ("name: animal ahead", "name: safe", "line 9, column 11: the name 'safe' is taken"),
    ("name: animal ahead", "name:", "column 10: expected a text"),
    ("label: [", "lable: [", "line 11, column 7: unknown key 'lable'", "is 'label' meant?"),
    ('[cat, "*dog"]', "[]", "line 11, column 14: expected a list with at least one element"),
    ('[cat, "*dog"]', "{a: b}", "expected a text", "received a mapping"),
    ('[cat, "*dog"]', "[cat, 3]", "line 11, column 20: expected a text", "received '3'"),
    ("score: 0.4", "score: 40", "line 12, column 14: expected a number from 0 to 1"),
    ("score: 0.4", "score: {min: 0.6, max: 0.5}", "min 0.6 is greater than max 0.5"),
    ("score: 0.4", "score: {least: 0.6}", "unknown key 'least'; expected one of min, max"),
    ("score: 0.4", "any: [{label: x}]", "line 11, column 7: 'any' can't stand beside other"),
    ('label: [cat, "*dog"]\n      score: 0.4', "{}", "the condition is empty; expected one of"),
    ('label: [cat, "*dog"]\n      score: 0.4', "any: []", "expected a list with at least one"),
    ('label: [cat, "*dog"]\n      score: 0.4', "any: {label: a}", "received a mapping"),
    ("3 of 5", "5 of 3", "line 14, column 12: expected e.g. '3 of 5'", "received '5 of 3'"),
    ("3 of 5", "0 of 3", "expected e.g. '3 of 5'"),
    ("3 of 5", "3", "line 14, column 12: expected a text"),
    ("3 of 5", "3 of 9999", "at most 1000"),
    ("hold: 1.5", "hold: -1", "line 16, column 11: expected a number from 0 to 3600"),
    ("hold: 1.5", "hold: 1\n    hold: 2", "line 17, column 5: the key 'hold' is given twice"),
    ("hold: 1.5", "hold: !!python/object/apply:os.system [ls]", "received a list of 1"),
    ("hold: 1.5", "hold: [1.5", "not YAML", "line 17, column 1"),
    ("hold: 1.5", "\thold: 1.5", "line 16, column 5: not YAML", "'\\t'"),
    ("hold: 1.5", "hold: *x", "line 16, column 11: aliases (*name) are not supported"),
    ("hold: 1.5", "hold: " + "[" * 5000, "nested more than 20 levels deep"),
    ("hold: 1.5", "hold: \x00", "not YAML", "special characters are not allowed"),
    (GOOD, "", "rules.yaml: the file is empty"),
    (GOOD, "just words", "line 1, column 1: expected a mapping (key: value)"),
    (GOOD, GOOD + "---\nmore: 1", "not YAML", "another document"),
]


@pytest.mark.parametrize(
    ("old", "new", "says"), [(old, new, says) for old, new, *says in MISTAKES]
)
def test_mistakes(old: str, new: str, says: list[str]) -> None:
    assert old in GOOD
    with pytest.raises(FileError) as caught:
        read(GOOD.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith("rules.yaml")
    for part in says:
        assert part in message
    assert "\n" not in message
    assert len(message) < 300


def test_two_rules_of_one_name() -> None:
    rule = GOOD[GOOD.index("  - name") :]
    with pytest.raises(FileError, match="line 17, column 11: the name 'animal ahead' is taken"):
        read(GOOD + rule)


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.yaml: the file can't be read: No such file"):
        rules.load(tmp_path / "none.yaml", read_file)
    with pytest.raises(FileError, match="the file can't be read: Is a directory"):
        rules.load(tmp_path, read_file)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(FileError, match="not YAML"):
        rules.load(tmp_path / "binary.yaml", read_file)
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: who opens it waits
    with pytest.raises(FileError, match="pipe: the file can't be read: it is no plain file"):
        rules.load(tmp_path / "pipe", read_file)
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(FileError, match="larger than 1000000 bytes"):
        rules.load(tmp_path / "huge.yaml", read_file)


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n"
        for i in range(20)
    )
    begin = time.process_time()
    with pytest.raises(FileError, match="aliases"):
        read(bomb)
    assert time.process_time() - begin < 1


@given(st.integers(0, len(GOOD) - 1), st.text(max_size=3), st.integers(0, 10))
def test_no_edit_of_the_file_gives_another_error(at: int, new: str, cut: int) -> None:
    with contextlib.suppress(FileError):
        read(GOOD[:at] + new + GOOD[at + cut :])


def test_advice_on_rules_that_can_never_hold() -> None:
    found = read(GOOD.replace("score: 0.4", "area: 0.1").replace("cat,", "tabby catt,"))
    published = (
        '{"model": "m", "decoder": "classification", "labels": ["tabby, tabby cat", "hotdog"]}'
    )
    boxes, label = warnings_for(found, published)
    assert boxes == (
        "rule 'animal ahead' asks for a box (area), but m is a classification, which has none"
    )
    assert label == ("rule 'animal ahead': no label of m fits 'tabby catt'; is 'tabby cat' meant?")


@pytest.mark.parametrize("published", ["", "[]", "{}", '{"model": 1}', "3", "[" * 100_000])
def test_no_advice_on_what_is_not_understood(published: str) -> None:
    assert warnings_for(read(GOOD), published) == []


def test_the_examples_of_the_guide() -> None:
    guide = (share_dir() / "docs" / "rules.md").read_text()
    examples = [part.partition("```")[0] for part in guide.split("```yaml\n")[1:]]
    files = [text for text in examples if text.startswith("version")]
    alone = "".join(text for text in examples if text.startswith("  - name"))
    assert all(text.startswith(("version", "  - name")) for text in examples)
    first = files[0]
    limit = "{limit: {linear: 0, angular: 0}}"
    others = "".join(f"  {name}: {limit}\n" for name in ("unlock", "slow"))
    text = (first + alone).replace("actions:\n", f"actions:\n{others}")
    text = text.replace("{detections: 0.5}", "{detections: 0.5, odometry: 0.2}")
    names = [rule.name for rule in read(text).rules]
    assert names == ["person ahead", "person ahead of a fast robot", "owner at the door"]
    for whole in files:
        read(whole)
    mistake = first.replace("{label: person", "{lable: person")
    with pytest.raises(FileError) as caught:
        read(mistake)
    assert str(caught.value) in guide


@pytest.mark.parametrize(
    ("condition", "travel", "holds"),
    [
        ("speed: 0.5", Travel(0.5), True),
        ("speed: 0.5", Travel(0.49), False),
        ("speed: {max: 0.1}", Travel(0.0), True),
        ("distance: 100", Travel(0.0, 100.0), True),
        ("speed: 0.5\ndistance: {min: 1, max: 2}", Travel(0.6, 2.1), False),
        ("none: [{speed: 0.5}]", Travel(0.4), True),
    ],
)
def test_conditions_on_motion(condition: str, travel: Travel, holds: bool) -> None:
    when = conditions.read(located_yaml.parse(condition, "rules.yaml"), {})
    assert (when.evidence(Situation(Array(), travel)) is not None) == holds
    assert {name for one in when.predicates() for name in one.inputs} == {"odometry"}


def test_motion_needs_a_condition_of_its_own() -> None:
    with pytest.raises(FileError, match="'speed' can't stand beside what is seen"):
        conditions.read(located_yaml.parse("{speed: 0.5, label: cat}", "rules.yaml"), {})
