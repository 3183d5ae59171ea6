"""The schema that editors use agrees with what the decision node reads."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from rule_files import BASE
import yaml

from edge_perception.core import located_yaml
from edge_perception.core.decision import rules
from edge_perception.core.whole_file import FileError
from edge_perception.share import share_dir

SCHEMA = json.loads((share_dir() / "config" / "rules.schema.json").read_text(encoding="utf-8"))
RULE = "  - {{name: a, when: {}, action: go}}\n"
CONDITIONS = [
    "{label: cat, score: 0.5}",
    "{label: [cat, dog], score: {min: 0.1, max: 0.5}}",
    "{width: 0.1, height: {max: 0.5}, area: {min: 0.1}}",
    "{identity: anna}",
    "{identity: [anna, ben]}",
    "{identity: {name: [anna], distance: {max: 0.4}, stage: faces}}",
    "{track_age: 1, time_to_contact: {max: 2}}",
    "{range: {max: 3}, zone: path}",
    "{speed: 0.5, distance: 100}",
    "{robot_zone: dock}",
    '{unhealthy: ["imu: *"]}',
    "{any: [{label: a}, {all: [{none: [{score: 0.5}]}, {speed: 1}]}]}",
]
WRONG = [
    "{lable: cat}",
    "{label: []}",
    "{label: 3}",
    "{score: 2}",
    "{score: {least: 1}}",
    "{speed: -1}",
    "{any: []}",
    "{any: {label: a}}",
    "{identity: {distance: 1}}",
    "{unhealthy: 3}",
    "{}",
    "[]",
]


def accepted(text: str) -> tuple[bool, bool]:
    """Return whether the node and whether the schema takes a rule file."""
    try:
        rules.read(located_yaml.parse(text, "rules.yaml"))
        taken = True
    except FileError:
        taken = False
    return taken, jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_file_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(share_dir() / "tools"))
    import rules_schema

    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert rules_schema.SCHEMA.read_text(encoding="utf-8") == rules_schema.text(), (
        "run python tools/rules_schema.py"
    )


def test_the_shipped_rules() -> None:
    text = (share_dir() / "config" / "rules.yaml").read_text(encoding="utf-8")
    assert accepted(text) == (True, True)
    assert text.startswith("# yaml-language-server: $schema=rules.schema.json\n")


@pytest.mark.parametrize("when", CONDITIONS)
def test_conditions_that_are_right(when: str) -> None:
    assert accepted(BASE + RULE.format(when)) == (True, True)


@pytest.mark.parametrize("when", WRONG)
def test_conditions_that_are_wrong(when: str) -> None:
    assert accepted(BASE + RULE.format(when)) == (False, False)


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ("go: {}", "go: {publish: {topic: a/b, text: c}, steer: {angular: -1}}", True),
        ("go: {}", "go: {publish: {topic: a b, text: c}}", False),
        ("go: {}", "go: {steer: {angular: left}}", False),
        ("go: {}", "go: {limit: {linear: 1}}", False),
        (
            "horn: {trigger: true}",
            "horn: {unlock: {matches: 4, interval: 2.5, strangers: true, stage: who}}",
            True,
        ),
        ("horn: {trigger: true}", "horn: {unlock: {}}", True),
        ("go: {}", "go: {call: {service: a/b, data: true}}", True),
        ("go: {}", "go: {call: {data: true}}", False),
        ("horn: {trigger: true}", "horn: {unlock: {matches: 1}}", False),
        ("horn: {trigger: true}", "horn: {unlock: {matches: 2.5}}", False),
        ("default: go", "default: go\nprecedence: most_restrictive", True),
        ("default: go", "default: go\nprecedence: last", False),
        ("safe: stop\n", "", False),
        ("[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]", "[[0, 0], [0.5, 0]]", False),
        ("[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]", "[[0, 0], [0.5, 0], [1]]", False),
        ("action: go", "action: go, after: 3 of 5, hold: 1, cooldown: 2", True),
        ("action: go", "action: go, after: often", False),
        ("action: go", "action: go, cooldown: -1", False),
    ],
)
def test_the_rest(old: str, new: str, right: bool) -> None:
    text = BASE + RULE.format("{label: cat}")
    assert accepted(text) == (True, True)
    assert accepted(text.replace(old, new, 1)) == (right, right)


def test_every_key_is_described() -> None:
    def descriptions(schema: Any) -> Any:
        if isinstance(schema, dict):
            for name, value in schema.get("properties", {}).items():
                yield name, value
            for value in schema.values():
                yield from descriptions(value)

    bare = {name for name, value in descriptions(SCHEMA) if not {"description", "$ref"} & {*value}}
    assert bare <= {"min", "max", "text"}
