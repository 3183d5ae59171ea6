"""The velocity gate: what it lets through, and what stops the robot."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_perception import messages
from edge_perception.core.gate.node import VelocityGateCore
from edge_perception.core.gate.velocity import limited
from edge_perception.core.node import Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine

MS = SECOND // 1000
Decision = messages.get("edge_perception/msg/Decision")
Header = messages.get("std_msgs/msg/Header")
Twist = messages.get("geometry_msgs/msg/Twist")
TwistStamped = messages.get("geometry_msgs/msg/TwistStamped")
Vector3 = messages.get("geometry_msgs/msg/Vector3")
STOP = Twist()


def twist(forward: float = 0.0, turn: float = 0.0, left: float = 0.0) -> Any:
    return Twist(linear=Vector3(x=forward, y=left), angular=Vector3(z=turn))


class Gate:
    """A configured gate, with wall time and ROS time that go on together unless told otherwise."""

    def __init__(self, **parameters: Any) -> None:
        self.wall = 5 * SECOND
        self.now = 1000 * SECOND
        self.core = VelocityGateCore(replace(this_machine(), monotonic=lambda: self.wall))
        given = Parameters(self.core.parameters, {"stamped": False, **parameters})
        self.ports = self.core.ports(given)
        assert self.core.configure(given) == ()

    def wait(self, milliseconds: int) -> None:
        self.wall += milliseconds * MS
        self.now += milliseconds * MS

    def step(self, **inputs: Any) -> dict[str, Any]:
        return dict(self.core.step(inputs, self.now))

    def allow(self, limit: Any, holds: int = 300) -> dict[str, Any]:
        """Decide that a limit holds for so many milliseconds."""
        return self.step(decision=self.decision(holds), limit=limit)

    def decision(self, holds: int = 300) -> Any:
        return Decision(action="go", expires=to_time(self.now + holds * MS))

    def drive(self, command: Any) -> Any:
        """Command a velocity, and return what is published."""
        return self.step(velocity_in=command)["velocity_out"]

    @property
    def state(self) -> Any:
        [state] = self.core.diagnostics(self.now)
        return state


def test_a_command_within_the_limit_passes_as_it_is() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 2.0))
    command = twist(0.9, -1.9)
    assert gate.drive(command) == command
    assert (gate.state.level, gate.state.message) == (Level.OK, "passes")


def test_a_decision_steers_in_place_of_commands_within_its_limit() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 2.0))
    assert gate.drive(twist(0.9)) == twist(0.9)
    steering = TwistStamped(Header(stamp=to_time(gate.now)), twist(0.5, 4.0))
    assert gate.step(steering=steering)["velocity_out"] == twist(0.25, 2.0)
    assert gate.state.message == "the decision steers, in place of the commands"
    assert gate.step(velocity_in=twist(0.9)) == {}
    gate.wait(200)
    assert gate.step(velocity_in=twist(0.8)) == {}
    gate.wait(60)  # a decision that goes on would have repeated itself
    assert gate.drive(twist(0.7)) == twist(0.7)


@pytest.mark.parametrize("steering", [twist(math.nan), twist(0.5)])
def test_steering_stops_like_a_command(steering: Any) -> None:
    gate = Gate()
    gate.allow(twist(1.0, 2.0), holds=-1 if steering.linear.x == 0.5 else 300)
    stamped = TwistStamped(Header(stamp=to_time(gate.now)), steering)
    gate.wait(1)
    assert gate.step(steering=stamped).get("velocity_out", STOP) == STOP
    assert gate.state.level is Level.ERROR


@pytest.mark.parametrize(
    ("command", "limit", "driven"),
    [
        (twist(2.0, 1.0), twist(1.0, 9.0), twist(1.0, 0.5)),  # as sharp a curve at half the speed
        (twist(1.0, 4.0), twist(9.0, 1.0), twist(0.25, 1.0)),
        (twist(-2.0, 1.0), twist(1.0, 9.0), twist(-1.0, 0.5)),  # backwards is as fast as forwards
        (twist(3.0, 0.0, 4.0), twist(1.0, 9.0), twist(0.6, 0.0, 0.8)),  # whatever the direction
        (twist(1.0, 1.0), twist(0.0, 0.0), STOP),
        (twist(1.0, 0.1), twist(1.0, 0.0), STOP),  # a curve is not driven straight on
        (twist(0.0, 1.0), twist(0.0, 2.0), twist(0.0, 1.0)),  # turning on the spot is allowed
        (twist(1.7e308, 0.0, 1.7e308), twist(1.0, 1.0), STOP),
    ],
)
def test_a_faster_command_is_slowed_down_on_its_path(
    command: Any, limit: Any, driven: Any
) -> None:
    gate = Gate()
    gate.allow(limit)
    sent = gate.drive(command)
    for part in ("linear", "angular"):
        for axis in ("x", "y", "z"):
            wanted = getattr(getattr(driven, part), axis)
            assert getattr(getattr(sent, part), axis) == pytest.approx(wanted)


TINY = 1e-200  # numbers near the smallest have few digits
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS, NUMBERS, NUMBERS, st.floats(0, 100), st.floats(0, 100))
def test_whatever_is_commanded_is_never_driven_faster_than_allowed(
    x: float, y: float, turn: float, linear: float, angular: float
) -> None:
    sent = limited(twist(x, turn, y), twist(linear, angular))
    assert math.hypot(sent.linear.x, sent.linear.y) <= linear * (1 + 1e-12) + TINY
    assert abs(sent.angular.z) <= angular * (1 + 1e-12) + TINY


def test_a_limit_that_falls_slows_the_command_before_the_next_one_comes() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0))
    gate.drive(twist(1.0))
    assert gate.allow(twist(0.5, 1.0))["velocity_out"] == twist(0.5)
    assert gate.state.message == "slows down"
    assert gate.state.values["limit"] == "0.50 m/s, 1.00 rad/s"
    assert gate.allow(twist(0.5, 1.0)) == {}  # nothing new to say


def test_nothing_moves_before_there_is_a_decision_and_a_limit() -> None:
    gate = Gate()
    assert gate.drive(twist(1.0)) == STOP
    assert gate.state.message == "stopped, since no decision comes"
    gate.step(decision=gate.decision())
    assert gate.drive(twist(1.0)) == STOP
    assert "no limit comes: give each action in the rules one" in gate.state.message
    gate.step(limit=twist(1.0, 1.0))
    assert gate.drive(twist(1.0)) == twist(1.0)


def test_a_decision_that_expires_stops_the_robot_though_its_limit_is_repeated() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0), holds=200)
    gate.drive(twist(1.0))
    gate.wait(250)
    assert gate.step(limit=twist(1.0, 1.0))["velocity_out"] == STOP
    assert gate.state.level == Level.ERROR
    assert "the decision has expired" in gate.state.message


@pytest.mark.parametrize("silent", ["decision", "limit"])
def test_a_decision_node_that_falls_silent_stops_the_robot_by_wall_time(silent: str) -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0), holds=10_000)
    spoken = {"decision": gate.decision(10_000), "limit": twist(1.0, 1.0)}
    del spoken[silent]
    for _ in range(5):  # ROS time stands still
        gate.wall += 100 * MS
        assert gate.step(**spoken, velocity_in=twist(1.0))["velocity_out"] == twist(1.0)
    gate.wall += 1 * MS
    assert gate.step()["velocity_out"] == STOP
    assert gate.state.message.startswith(f"stopped, since no {silent} comes")


def test_without_commands_the_robot_stands_and_zeros_are_repeated() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0), holds=10_000)
    gate.drive(twist(1.0))
    said = []
    for _ in range(20):
        gate.wait(50)
        said.append(gate.allow(twist(1.0, 1.0), 10_000).get("velocity_out"))
    assert said[:10] == [None] * 10  # 0.5 s
    assert said[10] == STOP
    assert 4 <= said[10:].count(STOP) <= 6  # ten a second
    assert (gate.state.level, gate.state.message) == (Level.OK, "stands, since no command comes")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["linear.y", "angular.z", "angular.x"])
def test_a_command_that_is_no_number_stops_the_robot_until_a_good_one(
    wrong: float, place: str
) -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0))
    part, axis = place.split(".")
    bad = twist(0.5)
    setattr(getattr(bad, part), axis, wrong)
    assert gate.drive(bad) == STOP
    assert gate.state.level == Level.ERROR
    assert f"({place} is {wrong:g})" in gate.state.message
    assert gate.drive(twist(0.5)) == twist(0.5)


@pytest.mark.parametrize("limit", [twist(math.nan, 1.0), twist(1.0, -0.1), twist(math.inf, 1.0)])
def test_a_limit_that_is_none_stops_the_robot(limit: Any) -> None:
    gate = Gate()
    gate.allow(limit)
    assert gate.drive(twist(0.1)) == STOP
    assert gate.state.level == Level.ERROR
    assert "the limit makes no sense" in gate.state.message


@pytest.mark.parametrize(
    ("age", "reason"),
    [(600, "stamped more than 0.5 s ago"), (-200, "stamped in the future")],
)
def test_a_command_of_another_time_is_not_followed(age: int, reason: str) -> None:
    gate = Gate(stamped=True)
    gate.allow(twist(1.0, 1.0))
    header = Header(to_time(gate.now - age * MS), "base")
    sent = gate.drive(TwistStamped(header, twist(1.0)))
    assert sent == TwistStamped(Header(to_time(gate.now), "base"), STOP)
    assert reason in gate.state.message


@pytest.mark.parametrize(
    ("stamped", "output", "taken", "sent"),
    [
        (True, "same", TwistStamped, TwistStamped),
        (False, "same", Twist, Twist),
        (False, "twist_stamped", Twist, TwistStamped),
        (True, "twist", TwistStamped, Twist),
    ],
)
def test_stamped_and_unstamped_commands(stamped: bool, output: str, taken: Any, sent: Any) -> None:
    gate = Gate(stamped=stamped, output=output)
    assert gate.ports.inputs[0].type == taken.__msgtype__
    assert gate.ports.outputs[0].type == sent.__msgtype__
    gate.allow(twist(1.0, 1.0))
    header = Header(to_time(gate.now - 20 * MS), "chassis")
    message = gate.drive(TwistStamped(header, twist(0.5)) if stamped else twist(0.5))
    if sent is Twist:
        assert message == twist(0.5)
    else:
        made = Header(to_time(gate.now), "base_link")
        assert message == TwistStamped(header if stamped else made, twist(0.5))
    for _, last in gate.core.safe_state(gate.now, "the node stops"):
        assert type(last) is sent
        assert (last.twist if sent is TwistStamped else last) == STOP


def test_a_clock_that_jumps_back_needs_a_new_decision() -> None:
    gate = Gate()
    gate.allow(twist(1.0, 1.0), holds=10_000)
    gate.drive(twist(1.0))
    gate.now -= 500 * SECOND
    assert gate.step()["velocity_out"] == STOP
    gate.allow(twist(1.0, 1.0))
    assert gate.drive(twist(1.0)) == twist(1.0)


def test_nav2_is_told_a_percentage_that_is_never_zero() -> None:
    gate = Gate(nav2_max_speed=0.5)
    assert gate.ports.outputs[-1].type == "nav2_msgs/msg/SpeedLimit"

    def told(linear: float) -> Any:
        gate.wait(10)
        return gate.allow(twist(linear, 1.0)).get("speed_limit")

    assert (told(0.1).percentage, told(0.2).speed_limit) == (True, pytest.approx(40))
    assert told(0.2) is None
    assert told(0.5).speed_limit == 100
    assert told(0.6) is None  # it may drive as fast as it was configured for, and no faster
    assert 0 < told(0.0).speed_limit < 0.1  # 0 would allow everything
    gate.wait(1000)
    assert 0 < gate.step()["speed_limit"].speed_limit < 0.1  # once more, for who comes late
    assert 0 < dict(gate.core.safe_state(gate.now, "end"))["speed_limit"].speed_limit < 0.1


def test_nav2_is_told_nothing_unless_its_speed_is_known() -> None:
    gate = Gate()
    assert "speed_limit" not in gate.allow(twist(1.0, 1.0))
    assert [port.name for port in gate.ports.outputs] == ["velocity_out"]
