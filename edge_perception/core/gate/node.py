"""The velocity gate: commands on their way to the wheels, within what the decision allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge_perception.core.environment import Environment
from edge_perception.core.gate import nav2_speed
from edge_perception.core.gate.authority import Authority
from edge_perception.core.gate.command import Command
from edge_perception.core.gate.velocity import allowance, is_stop, limited, speeds
from edge_perception.core.node import Diagnostic, Inputs, Level, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.messages.types import Header, Twist, TwistStamped

_PLAIN, _STAMPED = "geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped"
_TYPES = {"twist": _PLAIN, "twist_stamped": _STAMPED}
_VELOCITY_IN = Port("velocity_in", _STAMPED, "cmd_vel_in", occasional=True)
_DECISION = Port("decision", "edge_perception/msg/Decision", "decision", sole=True)
_LIMIT = Port("limit", _PLAIN, "cmd_vel_limit", sole=True)
_STEERED = SECOND // 4  # nanoseconds; a decision that steers repeats itself more often
_STEERING = Port(
    "steering",
    _STAMPED,
    "cmd_vel_steer",
    optional=True,
    occasional=True,
    sole=True,
    expires=_STEERED / SECOND,
)
_VELOCITY_OUT = Port("velocity_out", _STAMPED, "cmd_vel_out", sole=True)
_REPEAT = SECOND // 10  # nanoseconds between two stops
_STOP = Twist()


class VelocityGateCore(NodeCore):
    """
    Pass velocity commands on, no faster than the decision allows.

    While the decision steers, its velocity takes the place of the commands.

    Zeros are published, again and again, while the decision or its limit is missing or expired,
    while no command comes, and while a command makes no sense.
    """

    parameters = (
        Parameter(
            "stamped",
            True,
            "Commands are TwistStamped, as those of Nav2 since Kilted; false: Twist.",
        ),
        Parameter(
            "output",
            "same",
            "The type of what is published; same: that of the commands.",
            choices=("same", *_TYPES),
        ),
        Parameter("frame_id", "base_link", "The frame of stamped commands that came without one."),
        Parameter(
            "command_timeout",
            0.5,
            "Age in seconds from which a command is not followed any more.",
            minimum=0.02,
            maximum=10.0,
        ),
        Parameter(
            "decision_timeout",
            0.5,
            "Seconds without a decision or a limit after which the robot is stopped.",
            minimum=0.15,
            maximum=10.0,
        ),
        Parameter(
            "nav2_max_speed",
            0.0,
            "Greatest speed of Nav2's controller, in m/s: the limit is published for it on"
            " speed_limit, too, as a percentage of this; 0: it is not.",
            minimum=0.0,
            maximum=100.0,
        ),
    )

    inputs = (_VELOCITY_IN, _DECISION, _LIMIT, _STEERING)
    outputs = (_VELOCITY_OUT, nav2_speed.PORT)

    def __init__(self, environment: Environment) -> None:
        """Create the gate, closed."""
        self._clock = environment.monotonic
        self._configured = False

    def ports(self, parameters: Parameters) -> Ports:
        """Give commands the types that are wanted; leave Nav2 out unless its speed is known."""
        taken, sent = _types(parameters)
        other = str(not parameters.flag("stamped")).lower()
        velocity_in = replace(
            _VELOCITY_IN,
            type=taken,
            remedy=f"set the parameter stamped to {other}",
            expires=parameters.number("command_timeout"),
        )
        limit = replace(_LIMIT, expires=parameters.number("decision_timeout"))
        outputs: tuple[Port, ...] = (replace(_VELOCITY_OUT, type=sent),)
        if parameters.number("nav2_max_speed"):
            outputs += (nav2_speed.PORT,)
        return Ports((velocity_in, _DECISION, limit, _STEERING), outputs)

    def configure(self, parameters: Parameters) -> Outputs:
        """Begin closed: nothing moves before there is a decision."""
        self._nav2 = nav2_speed.Nav2Speed(parameters.number("nav2_max_speed"))
        self._stamps = _types(parameters)[1] == _STAMPED
        self._frame = parameters.text("frame_id")
        self._command = Command(round(parameters.number("command_timeout") * SECOND))
        self._steering = Command(_STEERED)
        self._authority = Authority(round(parameters.number("decision_timeout") * SECOND))
        self._now = 0
        self._sent = _STOP
        self._sent_at = -_REPEAT
        self._state = Diagnostic(Level.WARN, "gate", "closed: nothing has come yet")
        self._configured = True
        return ()

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Publish what may be driven: for each command, when that changes, and stops for ever."""
        wall = self._clock()
        if now < self._now:  # simulated time began anew, and what was said before is void
            self._authority.forget()
            self._command.forget()
            self._steering.forget()
        self._now = now
        if "decision" in inputs:
            self._authority.decide(inputs["decision"], wall)
        if "limit" in inputs:
            self._authority.restrict(inputs["limit"], wall)
        if "velocity_in" in inputs:
            self._command.accept(inputs["velocity_in"], wall)
        if "steering" in inputs:
            self._steering.accept(inputs["steering"], wall)
        steers = self._steering.is_fresh(wall)
        command = self._steering if steers else self._command
        problem = self._authority.problem(now, wall)
        limit = _STOP if problem else self._authority.limit
        outputs = list(self._nav2.say(limit, now, wall))
        allowed, self._state = self._allow(command, limit, problem, now, wall)
        repeats = is_stop(allowed) and wall - self._sent_at >= _REPEAT
        came = "steering" if steers else "velocity_in"
        if came in inputs or allowed != self._sent or repeats:
            self._sent, self._sent_at = allowed, wall
            outputs.append(("velocity_out", self._message(command, allowed, now)))
        return outputs

    def _allow(
        self,
        command: Command,
        limit: Twist,
        problem: tuple[Level, str] | None,
        now: int,
        wall: int,
    ) -> tuple[Twist, Diagnostic]:
        """Return what may be driven now, and why."""
        if problem:
            level, reason = problem
            return _STOP, _state(level, f"stopped, since {reason}")
        if not command.is_fresh(wall):
            return _STOP, _state(Level.OK, "stands, since no command comes")
        if fault := command.fault(now):
            return _STOP, _state(Level.ERROR, f"stopped, since {fault}")
        meant = command.twist
        allowed = limited(meant, limit)
        values = {"command": _text(*speeds(meant)), "limit": _text(*allowance(limit))}
        said = "passes" if allowed == meant else "slows down"
        if command is self._steering:
            said = "the decision steers, in place of the commands"
        return allowed, _state(Level.OK, said, values)

    def _message(self, command: Command, allowed: Twist, now: int) -> Twist | TwistStamped:
        """Give a velocity the time of its command; a stop is of now."""
        if not self._stamps:
            return allowed
        header = command.header
        if is_stop(allowed) or not nanoseconds(header.stamp):
            return TwistStamped(Header(to_time(now), header.frame_id or self._frame), allowed)
        return TwistStamped(Header(header.stamp, header.frame_id or self._frame), allowed)

    def safe_state(self, now: int, reason: str) -> Outputs:
        """Stop the robot."""
        header = Header(to_time(now), self._frame)
        stop = TwistStamped(header, _STOP) if self._stamps else _STOP
        return [("velocity_out", stop), *self._nav2.message(_STOP, now)]

    def diagnostics(self, now: int) -> Sequence[Diagnostic]:
        """Report whether commands pass, and what stops them."""
        return (self._state,) if self._configured else ()


def _types(parameters: Parameters) -> tuple[str, str]:
    """Return the types of the commands that come and of those that go."""
    taken = _STAMPED if parameters.flag("stamped") else _PLAIN
    return taken, _TYPES.get(parameters.text("output"), taken)


def _state(level: Level, message: str, values: Mapping[str, str] | None = None) -> Diagnostic:
    return Diagnostic(level, "gate", message, values)


def _text(linear: float, angular: float) -> str:
    return f"{linear:.2f} m/s, {angular:.2f} rad/s"
