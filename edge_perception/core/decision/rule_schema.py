"""The JSON schema of rule files: ``config/rules.schema.json``, made from what the code reads."""

from __future__ import annotations

from edge_perception.core.decision import actions, conditions, rules, zones
from edge_perception.core.decision.schema import mapping, Schema


def schema() -> Schema:
    """Return it as JSON Schema, draft 2020-12."""
    name: Schema = {"type": "string", "minLength": 1}
    keys: Schema = {
        "version": {"description": "Of the format", "const": rules.VERSION},
        "timeout": mapping(
            "By input, the age in seconds above which it is stale",
            {key: _seconds(said, rules.LEAST_TIMEOUT) for key, said in _TIMEOUTS.items()},
            required=rules.INPUTS[:1],
        ),
        "zones": zones.schema(),
        "actions": actions.schema(),
        "default": {"description": "The action while no rule is in force", **name},
        "safe": {"description": "The action while an input is missing or stale", **name},
        "precedence": {
            "description": "Which of the rules in force decides; most_restrictive, if not given",
            "enum": list(rules.PRECEDENCE),
        },
        "rules": {
            "description": "What leads to which action",
            "type": "array",
            "items": {"$ref": "#/$defs/rule"},
            "minItems": 1,
        },
    }
    rule: Schema = {
        "name": {"description": "Appears in the decision as its reason", **name},
        "when": {"$ref": "#/$defs/condition"},
        "action": {"description": "One of the actions", **name},
        "after": _share("In force once the condition held in so many of the last images"),
        "release": _share("Out of force once it did not hold in so many of the last images"),
        "hold": _seconds("Least time in force [s]"),
        "cooldown": _seconds("Least time out of force before it is in force again [s]"),
    }
    top = mapping(
        "What a robot does about what it sees",
        keys,
        required=("version", "timeout", "actions", "default", "safe", "rules"),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of the decision node of edge_perception",
        **top,
        "$defs": {
            "condition": conditions.schema(),
            "rule": mapping("A rule", rule, required=("name", "when", "action")),
        },
    }


_TIMEOUTS = {
    "detections": "Of detections [s]",
    "odometry": "Of the odometry, if a rule asks how or where the robot moves [s]",
    "diagnostics": "Of what nodes say of themselves, if a rule asks for that [s]",
}


def _seconds(description: str, least: float = 0.0) -> Schema:
    return {
        "description": description,
        "type": "number",
        "minimum": least,
        "maximum": rules.LONGEST,
    }


def _share(description: str) -> Schema:
    return {
        "description": f"{description}, e.g. 3 of 5. Default: 1 of 1",
        "type": "string",
        "pattern": r"^\d{1,4} of \d{1,4}$",
    }
