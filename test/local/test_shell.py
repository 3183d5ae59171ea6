"""A node core on the local transport: its lifecycle, parameters, messages and diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from queue import Queue
import threading
from typing import Any

import pytest

from edge_perception import messages
from edge_perception.core.node import (
    ConfigurationError,
    Diagnostic,
    Inputs,
    Level,
    NodeCore,
    Outputs,
    Port,
    Qos,
)
from edge_perception.core.parameters import Parameter, Parameters
from edge_perception.messages.types import String
from edge_perception.robot.plan import Start
from edge_perception.transport import shell as shells
from edge_perception.transport.condition import State
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell

TEXT = "std_msgs/msg/String"
PATIENCE = 60.0


class Echo(NodeCore):
    """Says again what it hears; some texts make it fail or wait."""

    parameters = (
        Parameter("prefix", "> ", "Put before each text."),
        Parameter("times", 1, "How often.", minimum=1, maximum=9, live=True),
    )
    inputs = (Port("text", TEXT, "text"),)
    outputs = (
        Port("echo", TEXT, "echo", sole=True),
        Port("info", TEXT, "info", Qos.LATCHED),
        Port("safe", TEXT, "safe"),
    )

    def __init__(self) -> None:
        self.entered, self.proceed = threading.Event(), threading.Event()

    def configure(self, parameters: Parameters) -> Outputs:
        if parameters.text("prefix") == "refuse":
            raise ConfigurationError("the prefix can't be used")
        self.given = parameters
        return [("info", String(data=self.topic("text")))]

    def adapt(self, parameters: Parameters) -> None:
        self.given = parameters

    def step(self, inputs: Inputs, now: int) -> Outputs:
        if "text" not in inputs:
            return []
        text = inputs["text"].data
        if text == "fail":
            raise ValueError("that text is not liked")
        if text == "wait":
            self.entered.set()
            self.proceed.wait(PATIENCE)
        said = self.given.text("prefix") + text * self.given.integer("times")
        return [("echo", String(data=said))]

    def safe_state(self, now: int, reason: str) -> Outputs:
        return [("safe", String(data=reason))]


class Room:
    """A bus with shells, and somebody who speaks and listens there."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.made: list[Shell] = []

    def echo(self, start: Start | None = None) -> Shell:
        shell = Shell(Echo, LocalEndpoints(self.bus, start or Start("echo", "")))
        self.made.append(shell)
        return shell

    def hear(self, topic: str) -> Queue[str]:
        heard: Queue[str] = Queue()
        kind = messages.get(TEXT)
        self.bus.read(
            End("/me", topic, TEXT, lambda data: heard.put(messages.deserialize(data, kind).data))
        )
        return heard

    def speaker(self, topic: str) -> Any:
        end = End("/me", topic, TEXT)
        self.bus.advertise(end)
        return lambda text: self.bus.publish(end, messages.serialize(String(data=text)))


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    for shell in room.made:
        shell.core.proceed.set()  # type: ignore[attr-defined]
        shell.clean_up()


def by_name(found: list[Diagnostic]) -> Mapping[str, Diagnostic]:
    return {one.name: one for one in found}


def test_messages_go_through_and_late_readers_get_what_is_latched(room: Room) -> None:
    heard, speak = room.hear("/echo"), room.speaker("/text")
    shell = room.echo()
    assert shell.configure()
    assert shell.activate()
    assert room.hear("/info").get(timeout=PATIENCE) == "/text"
    speak("hello")
    assert heard.get(timeout=PATIENCE) == "> hello"


def test_names_are_remapped_and_in_the_namespace(room: Room) -> None:
    remap = {"text": "words", "echo": "/loud"}
    shell = room.echo(Start("echo", "", "/bot", remap=remap))
    heard, speak = room.hear("/loud"), room.speaker("/bot/words")
    assert shell.configure()
    assert shell.activate()
    speak("x")
    assert heard.get(timeout=PATIENCE) == "> x"


def test_lifecycle_and_what_it_leaves_behind(room: Room) -> None:
    shell, safe = room.echo(), room.hear("/safe")
    first = shell.core
    assert shell.configure()
    assert shell.activate()
    assert room.bus.readers("/text", TEXT)
    assert shell.deactivate()
    assert safe.get(timeout=PATIENCE) == "the node was stopped"
    assert not room.bus.readers("/text", TEXT)
    assert shell.clean_up()
    assert shell.condition.state is State.UNCONFIGURED
    assert shell.core is not first
    assert not room.bus.publishers("/echo")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"prefix": "refuse"}, "the prefix can't be used"),
        ({"times": 10}, "times must be a whole number from 1 to 9"),
        ({"tims": 1}, "is 'times' meant"),
    ],
)
def test_configuration_that_fails(
    room: Room, values: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = room.echo(Start("echo", "", parameters=values))
    assert not shell.configure()
    assert reason in shell.condition.problem
    assert reason in capsys.readouterr().err
    [state] = shell.diagnose()
    assert (state.level, state.message) == (Level.ERROR, shell.condition.problem)


def test_values_of_a_parameter_file(room: Room, tmp_path: Any) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("echo: {ros__parameters: {prefix: 'file ', times: 2, use_sim_time: false}}")
    shell = room.echo(Start("echo", "", parameters={"times": 3}, parameters_file=str(file)))
    heard, speak = room.hear("/echo"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("a")
    assert heard.get(timeout=PATIENCE) == "file aaa"


def test_only_live_parameters_change_while_it_works(room: Room) -> None:
    shell = room.echo()
    heard, speak = room.hear("/echo"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    assert "can't change while the node is active" in shell.change({"prefix": "x"})
    assert "from 1 to 9" in shell.change({"times": 10})
    assert shell.change({"times": 2}) == ""
    speak("a")
    assert heard.get(timeout=PATIENCE) == "> aa"


def test_a_step_that_fails_is_said_and_the_safe_state_given(room: Room) -> None:
    shell = room.echo()
    safe, speak = room.hear("/safe"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("fail")
    assert safe.get(timeout=PATIENCE) == "a step failed: ValueError: that text is not liked"
    step = by_name(shell.diagnose())["step"]
    assert (step.level, step.values and step.values["failures"]) == (Level.ERROR, "1")


def test_a_step_that_hangs_is_said_and_the_safe_state_given(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "HANGING", 0.0)
    shell = room.echo()
    safe, speak = room.hear("/safe"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("wait")
    assert shell.core.entered.wait(PATIENCE)  # type: ignore[attr-defined]
    assert "busy with one input for too long" in by_name(shell.diagnose())["step"].message
    assert safe.get(timeout=PATIENCE) == "a step hangs"


def test_missing_and_rival_publishers_are_named(room: Room) -> None:
    one = room.echo()
    assert one.configure()
    assert one.activate()
    found = by_name(one.diagnose())
    assert found["input text"].level is Level.ERROR
    assert "no node of this process publishes std_msgs/msg/String on /text" in (
        found["input text"].message
    )
    assert found["output echo"].level is Level.OK
    other = room.echo(replace(Start("echo", ""), name="second"))
    assert other.configure()
    rivals = by_name(one.diagnose())["output echo"]
    assert rivals.level is Level.ERROR
    assert "/echo and /second publish on /echo at once" in rivals.message
