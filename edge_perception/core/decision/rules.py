"""
The rules of the decision node, read from a YAML file.

``config/rules.yaml`` explains every key; ``docs/rules.md`` is the guide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
import math
from pathlib import Path
import re

from edge_perception.core import located_yaml
from edge_perception.core.decision import actions as kinds_of_actions
from edge_perception.core.decision import conditions
from edge_perception.core.decision import zones as kinds_of_zones
from edge_perception.core.decision.action import Action
from edge_perception.core.decision.actions.limit import Limit
from edge_perception.core.decision.condition import Condition
from edge_perception.core.decision.hysteresis import Share
from edge_perception.core.decision.zones import Zone
from edge_perception.core.environment import ReadFile
from edge_perception.core.located_yaml import Fields, Item
from edge_perception.core.stamps import SECOND

VERSION = 1
INPUTS = ("detections", "odometry", "diagnostics")
PRECEDENCE = ("most_restrictive", "first")
MOST_IMAGES = 1000
LONGEST = 3600.0
LEAST_TIMEOUT = 0.01


@dataclass(frozen=True)
class Rule:
    """
    An action and when it is to be done.

    :ivar after: images in which the condition must hold before the rule is in force.
    :ivar release: images in which it must not hold before the rule is out of force.
    :ivar hold: least time that the rule stays in force, in nanoseconds.
    :ivar cooldown: least time before it comes into force again, in nanoseconds.
    :ivar grants: whether it gives the robot what the default does not: then what isn't known is no
        reason for it, else it is.
    """

    name: str
    action: Action
    when: Condition
    after: Share
    release: Share
    hold: int
    cooldown: int
    grants: bool


@dataclass(frozen=True)
class Rules:
    """
    The content of a rule file.

    :ivar rules: in their order.
    :ivar default: the action while no rule is in force.
    :ivar safe: the action while an input is stale or missing.
    :ivar timeout: by input, the age in nanoseconds from which it is stale.
    :ivar zones: by name.
    :ivar precedence: which of the rules in force decides, one of `PRECEDENCE`.
    """

    rules: tuple[Rule, ...]
    default: Action
    safe: Action
    timeout: dict[str, int]
    actions: dict[str, Action]
    zones: dict[str, Zone]
    precedence: str

    @property
    def inputs(self) -> set[str]:
        """Return what the rules ask for beside detections."""
        return {name for rule in self.rules for name in _inputs(rule)}

    @property
    def doubts(self) -> list[str]:
        """Return what is probably not meant as it is written: a sentence's part each."""
        safe = self.safe.get(Limit) or _NO_LIMIT
        slower = [
            action.name
            for action in self.actions.values()
            if (limit := action.get(Limit)) and limit.linear < safe.linear
        ]
        if not slower:
            return []
        return [
            f"the safe action {self.safe.name!r}, which is given while nothing is seen, lets the "
            f"robot drive faster than {slower[0]!r} does: is that meant?"
        ]

    def rank(self, rule: Rule) -> tuple[Limit, bool, int]:
        """Return where a rule stands among those in force: the least one decides."""
        place = self.rules.index(rule)
        if self.precedence == "first":
            return _NO_LIMIT, False, place
        return rule.action.get(Limit) or _NO_LIMIT, rule.grants, place

    @property
    def warm_up(self) -> int:
        """Return how many images it takes until every rule could be in force."""
        return max((rule.after.of for rule in self.rules), default=1)


def load(path: Path, read_file: ReadFile) -> Rules:
    """
    Read a rule file.

    :raises FileError: with line and column of the first mistake.
    """
    return read(located_yaml.read(path, read_file))


def read(item: Item) -> Rules:
    """
    Read the content of a rule file.

    :raises FileError: with line and column of the first mistake.
    """
    fields = item.mapping(
        known=("version", "timeout", "zones", "actions", "default", "safe", "precedence", "rules"),
        required=("version", "timeout", "actions", "default", "safe", "rules"),
    )
    version = fields["version"]
    if version.number(0, 1e9) != VERSION:
        raise version.error(f"this program reads version {VERSION} of the rule format")
    actions = kinds_of_actions.read(fields["actions"])
    default, safe = (_without_rule(fields[key], actions) for key in ("default", "safe"))
    zones = kinds_of_zones.read(fields["zones"]) if "zones" in fields else {}
    timeouts = fields["timeout"].mapping(known=INPUTS, required=INPUTS[:1])
    rules: list[Rule] = []
    for one in fields["rules"].sequence():
        rules.append(_rule(one, actions, default, zones, {rule.name for rule in rules}))
    for rule in rules:
        for name in _inputs(rule):
            if name not in timeouts:
                raise fields["timeout"].error(
                    f"the key {name!r} is missing, since the rule {rule.name!r} asks "
                    + _ASKED[name]
                )
    return Rules(
        rules=tuple(rules),
        default=default,
        safe=safe,
        timeout={name: _time(value, LEAST_TIMEOUT) for name, value in timeouts.items()},
        actions=actions,
        zones=zones,
        precedence=fields["precedence"].choice(PRECEDENCE, "precedence")
        if "precedence" in fields
        else PRECEDENCE[0],
    )


_ASKED = {"odometry": "how the robot moves", "diagnostics": "whether it is well"}
_NO_LIMIT = Limit(math.inf, math.inf)


def _without_rule(item: Item, actions: Mapping[str, Action]) -> Action:
    """Read the name of an action that is given when no rule is in force."""
    action = actions[item.choice(actions, "action")]
    for setting in action.settings:
        if setting.needs_rule:
            raise item.error(
                f"the action {action.name!r} has {setting.key!r}, which only a rule may give; "
                "name another one"
            )
    return action


def _inputs(rule: Rule) -> list[str]:
    return [name for predicate in rule.when.predicates() for name in predicate.inputs]


def _rule(
    item: Item,
    actions: Mapping[str, Action],
    default: Action,
    zones: Mapping[str, Zone],
    taken: Collection[str],
) -> Rule:
    fields = item.mapping(
        known=("name", "when", "action", "after", "release", "hold", "cooldown"),
        required=("name", "when", "action"),
    )
    name = fields["name"].text()
    if name in taken or name in ("default", "safe"):
        raise fields["name"].error(f"the name {name!r} is taken; rules need different names")
    action = actions[fields["action"].choice(actions, "action")]
    return Rule(
        name=name,
        action=action,
        when=conditions.read(fields["when"], zones),
        after=_share(fields, "after"),
        release=_share(fields, "release"),
        hold=_time(fields["hold"], 0.0) if "hold" in fields else 0,
        cooldown=_time(fields["cooldown"], 0.0) if "cooldown" in fields else 0,
        grants=_grants(action, default),
    )


def _grants(action: Action, default: Action) -> bool:
    """Return whether an action does more than limit speeds to those of the default or less."""
    limit, usual = action.get(Limit), default.get(Limit)
    faster = limit and usual and (limit.linear > usual.linear or limit.angular > usual.angular)
    return bool(faster) or any(setting.grants for setting in action.settings)


def _share(fields: Fields, key: str) -> Share:
    """Read "3 of 5"; 1 of 1 if it is not given."""
    if key not in fields:
        return Share()
    item = fields[key]
    match = re.fullmatch(r"(\d{1,4}) of (\d{1,4})", item.text())
    share = Share(*map(int, match.groups())) if match else None
    if share is None or not 1 <= share.count <= share.of <= MOST_IMAGES:
        raise item.error(
            f"expected e.g. '3 of 5' (images, at most {MOST_IMAGES}), received {item.text()!r}"
        )
    return share


def _time(item: Item, least: float) -> int:
    """Read seconds, as nanoseconds."""
    return round(item.number(least, LONGEST) * SECOND)
