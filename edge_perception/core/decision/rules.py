"""
The rules of the decision node, read from a YAML file.

``config/rules.yaml`` explains every key; ``docs/rules.md`` is the guide.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
import re

from edge_perception.core import located_yaml
from edge_perception.core.decision import conditions
from edge_perception.core.decision.conditions import Condition
from edge_perception.core.decision.hysteresis import Share
from edge_perception.core.environment import ReadFile
from edge_perception.core.located_yaml import Fields, Item
from edge_perception.core.stamps import SECOND

VERSION = 1
INPUTS = ("detections", "odometry")
_MOST_IMAGES = 1000
_LONGEST = 3600.0


@dataclass(frozen=True)
class Limit:
    """The greatest speeds that an action allows: forward in m/s and turning in rad/s."""

    linear: float
    angular: float


@dataclass(frozen=True)
class Action:
    """
    What the robot may be told to do.

    :ivar limit: the speeds that it allows; None if the rules do not limit speeds.
    :ivar trigger: whether it sets the trigger output.
    """

    name: str
    limit: Limit | None = None
    trigger: bool = False


@dataclass(frozen=True)
class Rule:
    """
    An action and when it is to be done.

    :ivar after: images in which the condition must hold before the rule is in force.
    :ivar release: images in which it must not hold before the rule is out of force.
    :ivar hold: least time that the rule stays in force, in nanoseconds.
    """

    name: str
    action: Action
    when: Condition
    after: Share
    release: Share
    hold: int


@dataclass(frozen=True)
class Rules:
    """
    The content of a rule file.

    :ivar rules: the first one in force decides.
    :ivar default: the action while no rule is in force.
    :ivar safe: the action while an input is stale or missing.
    :ivar timeout: by input, the age in nanoseconds from which it is stale.
    """

    rules: tuple[Rule, ...]
    default: Action
    safe: Action
    timeout: dict[str, int]
    actions: dict[str, Action]

    @property
    def triggers(self) -> bool:
        """Return whether any action sets the trigger."""
        return any(action.trigger for action in self.actions.values())

    @property
    def ask_for_motion(self) -> bool:
        """Return whether any rule depends on how the robot moves."""
        return any(rule.when.asks_for_motion() for rule in self.rules)

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
    keys = ("version", "timeout", "actions", "default", "safe", "rules")
    fields = item.mapping(known=keys, required=keys)
    version = fields["version"]
    if version.number(0, 1e9) != VERSION:
        raise version.error(f"this program reads version {VERSION} of the rule format")
    actions = _actions(fields["actions"])
    timeouts = fields["timeout"].mapping(known=INPUTS, required=INPUTS[:1])
    rules: list[Rule] = []
    for one in fields["rules"].sequence():
        rules.append(_rule(one, actions, {rule.name for rule in rules}))
    moving = [rule.name for rule in rules if rule.when.asks_for_motion()]
    if moving and "odometry" not in timeouts:
        raise fields["timeout"].error(
            f"the key 'odometry' is missing, since the rule {moving[0]!r} asks how the robot moves"
        )
    return Rules(
        rules=tuple(rules),
        default=actions[fields["default"].choice(actions, "action")],
        safe=actions[fields["safe"].choice(actions, "action")],
        timeout={name: _time(value, 0.01) for name, value in timeouts.items()},
        actions=actions,
    )


def _actions(item: Item) -> dict[str, Action]:
    found = {}
    for name, value in item.mapping().items():
        fields = value.mapping(known=("limit", "trigger"))
        limit = _limit(fields["limit"]) if "limit" in fields else None
        found[name] = Action(name, limit, "trigger" in fields and fields["trigger"].flag())
    if not found:
        raise item.error("there is no action")
    if len({action.limit is None for action in found.values()}) == 2:
        missing = next(action.name for action in found.values() if action.limit is None)
        raise item.error(
            f"the action {missing!r} has no limit, but others have; give all of them a limit, "
            "as the last limit stays in force until another one comes"
        )
    return found


def _limit(item: Item) -> Limit:
    keys = ("linear", "angular")
    fields = item.mapping(known=keys, required=keys)
    return Limit(*(fields[key].number(0.0, 100.0) for key in keys))


def _rule(item: Item, actions: dict[str, Action], taken: Collection[str]) -> Rule:
    fields = item.mapping(
        known=("name", "when", "action", "after", "release", "hold"),
        required=("name", "when", "action"),
    )
    name = fields["name"].text()
    if name in taken or name in ("default", "safe"):
        raise fields["name"].error(f"the name {name!r} is taken; rules need different names")
    return Rule(
        name=name,
        action=actions[fields["action"].choice(actions, "action")],
        when=conditions.read(fields["when"]),
        after=_share(fields, "after"),
        release=_share(fields, "release"),
        hold=_time(fields["hold"], 0.0) if "hold" in fields else 0,
    )


def _share(fields: Fields, key: str) -> Share:
    """Read "3 of 5"; 1 of 1 if it is not given."""
    if key not in fields:
        return Share()
    item = fields[key]
    match = re.fullmatch(r"(\d{1,4}) of (\d{1,4})", item.text())
    share = Share(*map(int, match.groups())) if match else None
    if share is None or not 1 <= share.count <= share.of <= _MOST_IMAGES:
        raise item.error(
            f"expected e.g. '3 of 5' (images, at most {_MOST_IMAGES}), received {item.text()!r}"
        )
    return share


def _time(item: Item, least: float) -> int:
    """Read seconds, as nanoseconds."""
    return round(item.number(least, _LONGEST) * SECOND)
