"""The decision node: what the robot shall do, by rules on what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_perception.core.decision import actions, markers
from edge_perception.core.decision import inputs as rule_inputs
from edge_perception.core.decision import rules as rule_files
from edge_perception.core.decision.action import Given
from edge_perception.core.decision.actions.unlock import Unlock
from edge_perception.core.decision.audit import AuditError, AuditLog, Trail
from edge_perception.core.decision.compatibility import warnings_for
from edge_perception.core.decision.guard import Circumstances
from edge_perception.core.decision.inputs import RuleInputs
from edge_perception.core.decision.judge import Judge, Verdict
from edge_perception.core.decision.rules import Rule, Rules
from edge_perception.core.environment import Environment
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
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.core.trust import TRUSTED_KEYS, trusting
from edge_perception.core.whole_file import FileError
from edge_perception.messages import Message
from edge_perception.messages.types import Decision

_INPUTS = (
    rule_inputs.DETECTIONS,
    Port("labels", "std_msgs/msg/String", "labels", Qos.LATCHED, optional=True),
    Port(
        "enable",
        "std_msgs/msg/Bool",
        "enable_decisions",
        optional=True,
        occasional=True,
        service="std_srvs/srv/SetBool",
    ),
)
_DECISION = Port("decision", "edge_perception/msg/Decision", "decision", sole=True)


class DecisionCore(NodeCore):
    """
    Decide by the rules of a file, on every array of detections and at least every 100 ms.

    The safe action is given while the detections are missing, stale or of implausible time or
    content, until enough images were seen since to judge every rule, and while decisions are
    disabled.
    """

    parameters = (
        Parameter(
            "rules",
            "",
            "The rule file; empty: config/rules.yaml of this package, which explains its keys.",
        ),
        TRUSTED_KEYS,
        Parameter(
            "dry_run",
            False,
            "Publish decisions, and nothing else: to watch what rules would do.",
        ),
        Parameter(
            "markers",
            False,
            "Publish zones and what decisions rest on for RViz, on decision_markers.",
        ),
        Parameter("base_frame", "base_link", "The frame of zones on the ground."),
        Parameter(
            "audit_log",
            "",
            "The file in which it is recorded what was unlocked; empty: unlock.log in "
            "~/.local/state/edge_perception.",
        ),
    )

    hangs_after = 0.5  # robots obey it, and a disk may hang when it is recorded what was unlocked

    inputs = (*_INPUTS, *rule_inputs.OTHERS)
    outputs = (_DECISION, markers.PORT, *actions.usual_ports())

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._log: AuditLog | None = None

    def ports(self, parameters: Parameters) -> Ports:
        """Leave out the inputs that no rule asks for, and the outputs that no action needs."""
        rules = self._read_rules(parameters)
        others = tuple(port for port in rule_inputs.OTHERS if port.name in rules.inputs)
        outputs = [_DECISION]
        if parameters.flag("markers"):
            outputs.append(markers.PORT)
        if not parameters.flag("dry_run"):
            for actuator in actions.actuators(tuple(rules.actions.values())):
                outputs += actuator.ports
        return Ports((*_INPUTS, *others), tuple(outputs))

    def configure(self, parameters: Parameters) -> Outputs:
        """Read the rules; nothing is decided before there are detections."""
        self._file = self._path(parameters)
        self._rules = self._read_rules(parameters)
        self._dry_run = parameters.flag("dry_run")
        self._shows = parameters.flag("markers")
        self._base = parameters.text("base_frame")
        self._actuators = (
            [] if self._dry_run else actions.actuators(tuple(self._rules.actions.values()))
        )
        self._trail = self._open_trail(parameters.text("audit_log"))
        self._inputs = RuleInputs(self._rules, self.topic)
        self._judge = Judge(self._rules, self._circumstances)
        self._enabled = True
        self._warnings: list[str] = []
        self._last: Verdict | None = None
        return []

    def period(self) -> float:
        """Return how often the decision is repeated, so that watchdogs of actuators are fed."""
        return min(0.1, self._rules.timeout["detections"] / SECOND / 4)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Judge the rules on new detections, and decide."""
        if "labels" in inputs:
            self._warnings = warnings_for(self._rules, inputs["labels"].data)
        if "enable" in inputs:
            self._enabled = inputs["enable"].data
        self._inputs.take(inputs, now)
        if not self._enabled or self._inputs.problem():
            self._judge.forget(now)
        if "detections" in inputs:
            situation = self._inputs.judge(inputs["detections"])
            if situation and self._enabled:
                self._judge.see(situation)
        self._judge.settle(now)
        begin = self._environment.monotonic()
        verdict = self._verdict(now)
        if (took := self._environment.monotonic() - begin) > self.hangs_after * SECOND:
            self._judge.forget(now)  # what it said was true then
            verdict = self._safe(f"it took {took / SECOND:.1f} s to decide")
        began = self._last is None or self._last.action is not verdict.action
        self._last = verdict
        return self._publish(verdict, began, now)

    def safe_state(self, now: int, reason: str) -> Outputs:
        """Give the safe action."""
        return self._publish(self._safe(reason), False, now)

    def _path(self, parameters: Parameters) -> Path:
        given = parameters.text("rules")
        return Path(given) if given else self._environment.share / "config" / "rules.yaml"

    def _read_rules(self, parameters: Parameters) -> Rules:
        environment = self._environment
        if parameters.text("rules"):  # those of this package come with it
            environment = trusting(environment, parameters)
        try:
            return rule_files.load(self._path(parameters), environment.read_file)
        except FileError as error:
            raise ConfigurationError(f"the rules can't be used: {error}") from error

    def _open_trail(self, path: str) -> Trail | None:
        """Return where it is recorded what guards decide; None if nothing is to be."""
        self.close()
        guarded = any(action.get(Unlock) for action in self._rules.actions.values())
        if self._dry_run or not guarded:
            return None
        try:
            self._log = self._environment.open_audit(path)
            return Trail(self._log)
        except OSError as error:
            why = f"{path or 'the usual file'} can't be opened: {error.strerror}"
        except AuditError as error:
            why = str(error)
        raise ConfigurationError(
            f"what is unlocked can't be recorded: {why}; set the parameter audit_log"
        )

    def _circumstances(self, rule: Rule) -> Circumstances:
        trail = self._trail

        def not_live() -> str:
            return "the time is simulated (use_sim_time)" if self.is_simulated() else ""

        return Circumstances(rule.name, not_live, trail.record if trail else lambda event: None)

    def close(self) -> None:
        """Close the file in which it is recorded what was unlocked."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _verdict(self, now: int) -> Verdict:
        if not self._enabled:
            return self._safe(f"decisions are disabled by {self.topic('enable')}")
        problem = self._inputs.problem() or self._judge.lack()
        return self._safe(problem) if problem else self._judge.verdict(now)

    def _safe(self, reason: str) -> Verdict:
        return Verdict("safe", self._rules.safe, reason)

    def _publish(self, verdict: Verdict, began: bool, now: int) -> Outputs:
        is_safe = verdict.rule == "safe"
        expires = now + self._rules.timeout["detections"] if is_safe else self._inputs.expiry()
        decision = Decision(
            header=self._inputs.header(),
            action=verdict.action.name,
            rule=verdict.rule,
            reason=verdict.reason,
            safe=is_safe,
            dry_run=self._dry_run,
            evidence=list(verdict.evidence),
            expires=to_time(expires),
        )
        given = Given(verdict.action, decision, began, now)
        outputs: list[tuple[str, Message]] = [("decision", decision)]
        for actuator in self._actuators:
            outputs += actuator.act(given)
        if self._shows and self.has_reader(markers.PORT.name):
            frames = self._inputs.frames(self._base)
            shown = markers.markers(decision, self._rules.zones.values(), frames, now)
            outputs.append((markers.PORT.name, shown))
        return outputs

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report on the rules and on what they are applied to."""
        last = f"{self._last.action.name}: {self._last.reason}" if self._last else ""
        state = self._inputs.diagnose({"decision": last})
        if doubts := [*self._rules.doubts, *self._warnings]:
            return (state, Diagnostic(Level.WARN, "rules", "; ".join(doubts)))
        said = f"{len(self._rules.rules)} rules of {self._file}"
        if self._dry_run:
            said += "; a dry run: decisions are published, and nothing obeys them"
        elif not self._enabled:
            disabled = f"disabled by {self.topic('enable')}: the safe action is given"
            return (state, Diagnostic(Level.WARN, "rules", disabled))
        return (state, Diagnostic(Level.OK, "rules", said))
