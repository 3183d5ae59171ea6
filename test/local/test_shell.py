"""A node core on the local transport: its lifecycle, parameters, messages and diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from queue import Queue
import signal
from socket import gethostname
import threading
from typing import Any

import pytest
from toy import Toy

from edge_perception import ending, messages
from edge_perception.core.node import Diagnostic, Level, NodeCore
from edge_perception.core.stamps import nanoseconds
from edge_perception.messages.types import String
from edge_perception.robot.plan import Start
from edge_perception.transport.condition import State
from edge_perception.transport.local import process
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop

DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
TEXT = "std_msgs/msg/String"
PATIENCE = 60.0


class Sole(Toy):
    """A toy that wants to be the only one that echoes."""

    outputs = tuple(replace(port, sole=port.name == "echo") for port in Toy.outputs)


class Room:
    """A bus with shells, and somebody who speaks and listens there."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.made: list[Shell] = []

    def toy(self, start: Start | None = None, core: Callable[[], NodeCore] = Toy) -> Shell:
        shell = Shell(core, LocalEndpoints(self.bus, start or Start("toy", "")))
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
    shell = room.toy()
    assert shell.configure()
    assert shell.activate()
    assert room.hear("/info").get(timeout=PATIENCE) == "prefix > "
    assert shell.core.topics["text"] == "/text"
    speak("hello")
    assert heard.get(timeout=PATIENCE) == "> hello"


def test_names_are_remapped_and_in_the_namespace(room: Room) -> None:
    remap = {"text": "words", "echo": "/loud"}
    shell = room.toy(Start("toy", "", "/bot", remap=remap))
    heard, speak = room.hear("/loud"), room.speaker("/bot/words")
    assert shell.configure()
    assert shell.activate()
    speak("x")
    assert heard.get(timeout=PATIENCE) == "> x"


def test_lifecycle_and_what_it_leaves_behind(room: Room) -> None:
    shell, safe = room.toy(), room.hear("/safe")
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
        ({"prefix": "refuse"}, "the prefix 'refuse' can't be used"),
        ({"volume": 10}, "volume must be a whole number from 1 to 9"),
        ({"volum": 1}, "is 'volume' meant"),
    ],
)
def test_configuration_that_fails(
    room: Room, values: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = room.toy(Start("toy", "", parameters=values))
    assert not shell.configure()
    assert reason in shell.condition.problem
    assert reason in capsys.readouterr().err
    [state] = shell.diagnose()
    assert (state.level, state.message) == (Level.ERROR, shell.condition.problem)


def test_values_of_a_parameter_file(room: Room, tmp_path: Any) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("toy: {ros__parameters: {prefix: 'file ', volume: 2, use_sim_time: false}}")
    shell = room.toy(Start("toy", "", parameters={"volume": 3}, parameters_file=str(file)))
    heard, speak = room.hear("/echo"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("a")
    assert heard.get(timeout=PATIENCE) == "file aaa"


def test_only_live_parameters_change_while_it_works(room: Room) -> None:
    shell = room.toy()
    heard, speak = room.hear("/echo"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    assert "can't change while the node is active" in shell.change({"prefix": "x"})
    assert "from 1 to 9" in shell.change({"volume": 10})
    assert shell.change({"volume": 2}) == ""
    speak("a")
    assert heard.get(timeout=PATIENCE) == "> aa"


def test_a_step_that_fails_is_said_and_the_safe_state_given(room: Room) -> None:
    shell = room.toy()
    safe, speak = room.hear("/safe"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("fail")
    assert safe.get(timeout=PATIENCE) == "a step failed: ValueError: that text is not liked"
    step = by_name(shell.diagnose())["step"]
    assert (step.level, step.values and step.values["failures"]) == (Level.ERROR, "1")


def test_a_step_that_hangs_is_said_and_the_safe_state_given(room: Room) -> None:
    shell = room.toy()
    shell.core.hangs_after = 0.0
    safe, speak = room.hear("/safe"), room.speaker("/text")
    assert shell.configure()
    assert shell.activate()
    speak("wait")
    assert shell.core.entered.wait(PATIENCE)  # type: ignore[attr-defined]
    assert "busy with one input for too long" in by_name(shell.diagnose())["step"].message
    assert safe.get(timeout=PATIENCE) == "a step hangs"


def test_missing_and_rival_publishers_are_named(room: Room) -> None:
    one = room.toy(core=Sole)
    assert one.configure()
    assert one.activate()
    found = by_name(one.diagnose())
    assert found["input text"].level is Level.ERROR
    assert "no node publishes std_msgs/msg/String on /text" in (found["input text"].message)
    assert found["output echo"].level is Level.OK
    other = room.toy(Start("second", ""), Sole)
    assert other.configure()
    rivals = by_name(one.diagnose())["output echo"]
    assert rivals.level is Level.ERROR
    assert "/second and /toy publish on /echo at once" in rivals.message


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give back the handlers of the signals that end a robot."""
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_diagnostics_are_a_topic_as_on_ros(own_signals: None) -> None:
    room = Room()
    kind, heard = messages.get(DIAGNOSTICS), Queue[Any]()
    room.bus.read(
        End(
            "/me",
            "/diagnostics",
            DIAGNOSTICS,
            lambda data: heard.put(messages.deserialize(data, kind)),
        )
    )
    stops: list[Stop] = []

    def make(stop: Stop) -> list[Shell]:
        stops.append(stop)
        return [room.toy()]

    def listen() -> None:
        found.append(heard.get(timeout=PATIENCE))
        while not any(one.level == Level.ERROR for one in found[-1].status):
            found.append(heard.get(timeout=PATIENCE))
        stops[0].set()

    found: list[Any] = []
    listener = threading.Thread(target=listen)
    listener.start()
    assert process.run(room.bus, make) == 0
    listener.join()
    states = {one.name: one for one in found[-1].status}
    assert states["toy: lifecycle"].message == "active"
    assert states["toy: mood"].hardware_id == gethostname()
    assert "no node publishes" in states["toy: input text"].message
    assert nanoseconds(found[-1].header.stamp) > 0
