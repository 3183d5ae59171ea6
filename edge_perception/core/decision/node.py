"""The decision node: what the robot shall do, by rules on what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_perception.core.decision import rules as rule_files
from edge_perception.core.decision.compatibility import warnings_for
from edge_perception.core.decision.hysteresis import Switch
from edge_perception.core.decision.rules import Action, Rule, Rules
from edge_perception.core.decision.travel import Travel
from edge_perception.core.environment import Environment
from edge_perception.core.freshness import Freshness
from edge_perception.core.located_yaml import FileError
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Inputs,
    Level,
    NodeCore,
    Outputs,
    Port,
    Ports,
    Qos,
)
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.plausible import detections_problem, odometry_problem
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages import Message
from edge_perception.messages.types import (
    Bool,
    Decision,
    Detection,
    DetectionArray,
    Header,
    Odometry,
    Twist,
    TwistStamped,
    Vector3,
)

_INPUTS = (
    Port("detections", "edge_perception/msg/DetectionArray", "detections", sole=True),
    Port("labels", "std_msgs/msg/String", "labels", Qos.LATCHED, optional=True),
)
_ODOMETRY = Port("odometry", "nav_msgs/msg/Odometry", "odometry/filtered", Qos.SENSOR_DATA)
_OUTPUTS = (
    Port("decision", "edge_perception/msg/Decision", "decision", sole=True),
    Port("limit", "geometry_msgs/msg/Twist", "cmd_vel_limit", sole=True),
    Port("limit_stamped", "geometry_msgs/msg/TwistStamped", "cmd_vel_limit_stamped", sole=True),
    Port("trigger", "std_msgs/msg/Bool", "trigger", sole=True),
)


class _State:
    """A rule and how it stands."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.switch = Switch(rule.after, rule.release, rule.hold)
        self.evidence: list[Detection] = []


class DecisionCore(NodeCore):
    """
    Decide by the rules of a file, on every array of detections and at least every 100 ms.

    The first rule in force decides. While the detections are missing, stale or of implausible
    time or content, and until enough images were seen since to judge every rule, the safe action
    is given.
    """

    parameters = (
        Parameter(
            "rules",
            "",
            "The rule file; empty: config/rules.yaml of this package, which explains its keys.",
        ),
    )

    inputs = (*_INPUTS, _ODOMETRY)
    outputs = _OUTPUTS

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def ports(self, parameters: Parameters) -> Ports:
        """Leave the odometry out unless a rule asks how the robot moves."""
        rules = self._read_rules(self._path(parameters))
        return Ports(self.inputs if rules.ask_for_motion else _INPUTS, self.outputs)

    def configure(self, parameters: Parameters) -> Outputs:
        """Read the rules; nothing is decided before there are detections."""
        self._file = self._path(parameters)
        self._rules = self._read_rules(self._file)
        self._detections = Freshness(
            self.topic("detections"), self._rules.timeout["detections"], detections_problem
        )
        self._odometry: Freshness[Odometry] | None = None
        if self._rules.ask_for_motion:
            self._odometry = Freshness(
                self.topic("odometry"), self._rules.timeout["odometry"], odometry_problem
            )
        self._travel = Travel()
        self._moved: Odometry | None = None
        self._warnings: list[str] = []
        self._last = ""
        self._missing = ""
        self._forget()
        return []

    def period(self) -> float:
        """Return how often the decision is repeated, so that watchdogs of actuators are fed."""
        return min(0.1, self._rules.timeout["detections"] / SECOND / 4)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Judge the rules on new detections, and decide."""
        if "labels" in inputs:
            self._warnings = warnings_for(self._rules, inputs["labels"].data)
        self._detections.tick(now)
        if self._odometry:
            self._odometry.tick(now)
            if "odometry" in inputs:
                self._move(self._odometry, inputs["odometry"])
        if self._problem():
            self._forget()
        if "detections" in inputs:
            seen = inputs["detections"]
            self._missing = _missing_part(seen)
            if not self._missing and self._detections.accept(seen):
                self._see(seen)
        for state in self._states:
            state.switch.settle(now)
        return self._publish(*self._decide(now), now)

    def safe_state(self, now: int, reason: str) -> Outputs:
        """Give the safe action."""
        return self._publish(*self._safe(now, reason), now)

    def _path(self, parameters: Parameters) -> Path:
        given = parameters.text("rules")
        return Path(given) if given else self._environment.share / "config" / "rules.yaml"

    def _read_rules(self, path: Path) -> Rules:
        try:
            return rule_files.load(path, self._environment.read_file)
        except FileError as error:
            raise ConfigurationError(f"the rules can't be used: {error}") from error

    def _forget(self) -> None:
        """Begin anew: what was seen before a gap says nothing about now."""
        self._seen = 0
        self._states = [_State(rule) for rule in self._rules.rules]

    def _move(self, odometry: Freshness[Odometry], message: Odometry) -> None:
        if odometry.accept(message):
            self._travel = self._travel.after(message, self._moved)
            self._moved = message

    def _problem(self) -> str:
        """Return why nothing can be decided now; empty if it can."""
        moving = self._odometry.problem() if self._odometry else ""
        return self._detections.problem() or moving

    def _see(self, seen: DetectionArray) -> None:
        self._seen = min(self._seen + 1, self._rules.warm_up)
        for state in self._states:
            evidence = state.rule.when.evidence(seen, self._travel)
            state.switch.see(evidence is not None)
            state.evidence = evidence if evidence is not None else state.evidence

    def _decide(self, now: int) -> tuple[Action, Decision]:
        problem = self._problem()
        if not problem and self._seen < self._rules.warm_up:
            problem = f"{self._seen} of {self._rules.warm_up} images seen that the rules ask for"
        if problem:
            return self._safe(now, problem)
        expires = self._detections.expiry()
        if self._odometry:
            expires = min(expires, self._odometry.expiry())
        for state in self._states:
            if state.switch.on:
                rule = state.rule
                reason = _reason(rule, state.evidence, self._travel)
                decision = self._decision(rule.name, rule.action, reason, expires)
                decision.evidence = state.evidence
                return rule.action, decision
        default = self._rules.default
        return default, self._decision("default", default, "no rule is in force", expires)

    def _safe(self, now: int, reason: str) -> tuple[Action, Decision]:
        expires = now + self._rules.timeout["detections"]
        return self._rules.safe, self._decision("safe", self._rules.safe, reason, expires)

    def _decision(self, rule: str, action: Action, reason: str, expires: int) -> Decision:
        newest = self._detections.message
        return Decision(
            header=newest.header if newest is not None else Header(),
            action=action.name,
            rule=rule,
            reason=reason,
            safe=rule == "safe",
            expires=to_time(expires),
        )

    def _publish(self, action: Action, decision: Decision, now: int) -> Outputs:
        self._last = f"{action.name}: {decision.reason}"
        outputs: list[tuple[str, Message]] = [("decision", decision)]
        if action.limit is not None:
            linear, angular = Vector3(x=action.limit.linear), Vector3(z=action.limit.angular)
            limit = Twist(linear=linear, angular=angular)
            stamped = TwistStamped(header=Header(stamp=to_time(now)), twist=limit)
            outputs += [("limit", limit), ("limit_stamped", stamped)]
        if self._rules.triggers:
            outputs.append(("trigger", Bool(data=action.trigger)))
        return outputs

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report on the rules and on what they are applied to."""
        state = self._diagnose_input()
        count = len(self._rules.rules)
        checked = (
            Diagnostic(Level.WARN, "rules", "; ".join(self._warnings))
            if self._warnings
            else Diagnostic(Level.OK, "rules", f"{count} rules of {self._file}")
        )
        return (state, checked)

    def _diagnose_input(self) -> Diagnostic:
        """Report a fault of what comes; that nothing comes is the fault of somebody else."""
        values = {"decision": self._last}
        if self._missing:
            said = f"what comes on {self._detections.topic} is not judged, {self._missing}"
            return Diagnostic(Level.WARN, "input", said, values)
        given = f"the safe action {self._rules.safe.name!r} is given"
        for one in (self._detections, self._odometry):
            if one is not None and one.problem():
                if one.refused:
                    return Diagnostic(Level.ERROR, "input", f"{one.refused}; {given}", values)
                message = f"nothing fresh comes on {one.topic}; {given}"
                return Diagnostic(Level.WARN, "input", message, values)
        return Diagnostic(Level.OK, "input", "detections are fresh", values)


def _reason(rule: Rule, evidence: Sequence[Detection], travel: Travel) -> str:
    """Return what a rule rests on."""
    if not evidence and rule.when.asks_for_motion():
        return f"the robot moves at {travel}"
    if not evidence:
        return "nothing that the rule excludes is seen"
    best = max(evidence, key=lambda thing: thing.score)
    said = ", ".join(f"{one.label} {one.score:.2f}" for one in best.attributes)
    often = f" in {rule.after} images" if rule.after.of > 1 else ""
    return f"{best.label}{said and f' ({said})'} was seen with score {best.score:.2f}{often}"


def _missing_part(seen: DetectionArray) -> str:
    """
    Return why a part of what perception had to find out is missing; empty if none is.

    Then nothing can be told from what isn't there.
    """
    lacks = [stage for stage in seen.stages if stage.fault]
    return f"as the stage {lacks[0].name} is missing: {lacks[0].fault}" if lacks else ""
