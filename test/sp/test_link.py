"""Buses linked to each other: who is heard, what is latched, and said when somebody is gone."""

from __future__ import annotations

from contextlib import ExitStack
import os
from pathlib import Path
import socket
from types import SimpleNamespace

from processes import IMAGE, PATIENCE, Process, TEXT, until
import pytest

from edge_perception import messages
from edge_perception.core.parameters import Value
from edge_perception.messages.types import Clock, Image, String, Time
from edge_perception.robot.plan import Start
from edge_perception.transport.local.bus import End
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import peers, registry, services
from edge_perception.transport.sp.address import Identity
from edge_perception.transport.sp.announcement import Announcement
from edge_perception.transport.sp.choice import choose
from edge_perception.transport.sp.endpoints import SpEndpoints
from edge_perception.transport.sp.process import network
from edge_perception.transport.sp.registry import RegistryError
from edge_perception.transport.sp.sockets import CallError


def text(said: str) -> bytes:
    return messages.serialize(String(data=said))


def test_what_is_published_is_read_in_another_process(
    implementation: str, stack: ExitStack
) -> None:
    one, other = Process(stack, "one"), Process(stack, "other")
    speak, heard = one.speaker("/words"), other.hear("/words")
    deaf = other.hear("/words", "std_msgs/msg/Int32")
    until(lambda: one.bus.readers("/words", TEXT))
    for number in range(100):
        speak(text(str(number)))
    assert [heard.get(timeout=PATIENCE) for _ in range(100)] == [text(str(n)) for n in range(100)]
    assert other.link.lost("/words") == 0
    assert deaf.empty()
    [publisher] = other.bus.publishers("/words")
    assert (publisher.node, publisher.process) == ("/speaker", "one")


def test_nothing_is_sent_while_nobody_reads(implementation: str, stack: ExitStack) -> None:
    one, other = Process(stack, "one"), Process(stack, "other")
    one.speaker("/words")
    until(lambda: other.bus.publishers("/words"))
    assert not one.bus.readers("/words", TEXT)
    reader = End("/listener", "/words", TEXT)
    other.bus.read(reader)
    until(lambda: one.bus.readers("/words", TEXT))
    other.bus.remove(reader)
    until(lambda: not one.bus.readers("/words", TEXT))


def test_who_comes_late_gets_what_is_latched(implementation: str, stack: ExitStack) -> None:
    one = Process(stack, "one")
    speak = one.speaker("/map", latched=True)
    speak(text("old"))
    speak(text("new"))
    for name in ("second", "third"):
        heard = Process(stack, name).hear("/map")
        assert heard.get(timeout=PATIENCE) == text("new")


def test_images_go_through_shared_memory_and_patient_readers_are_not_woken(
    implementation: str, stack: ExitStack
) -> None:
    one, other = Process(stack, "one"), Process(stack, "other")
    speak = one.speaker("/image", IMAGE)
    patient = other.hear("/image", IMAGE, prompt=False)
    until(lambda: one.bus.readers("/image", IMAGE))
    data = messages.serialize(Image(data=os.urandom(640 * 480 * 3)))
    for _ in range(3):
        speak(data)

    def fetched() -> bool:
        other.link.fetch(["/image"])
        return patient.qsize() == 3

    until(fetched)
    assert {patient.get() for _ in range(3)} == {data}
    assert any("edge-robot" in link_of(path) for path in Path("/proc/self/fd").iterdir())


def link_of(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def test_a_process_that_ends_is_named_and_found_again(
    implementation: str, stack: ExitStack
) -> None:
    one, other = Process(stack, "one"), Process(stack, "other")
    one.speaker("/words")
    heard = other.hear("/words")
    until(lambda: other.bus.publishers("/words"))
    one.close()
    until(lambda: "/words" in other.bus.troubles)
    assert other.bus.troubles["/words"].startswith("the process one, in which /speaker published")
    until(lambda: not other.bus.publishers("/words"))
    again = Process(stack, "one")
    speak = again.speaker("/words")
    until(lambda: again.bus.readers("/words", TEXT))
    speak(text("back"))
    assert heard.get(timeout=PATIENCE) == text("back")
    until(lambda: not other.bus.troubles)


def test_two_processes_of_one_name_are_refused(stack: ExitStack) -> None:
    Process(stack, "one")
    with pytest.raises(RegistryError, match="a process called one runs already"):
        Process(stack, "one")


def test_a_folder_of_somebody_else_is_refused(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setenv(registry.VARIABLE, str(open_to_all))
    with pytest.raises(RegistryError, match="no folder of this user's alone"):
        Process(stack, "one")


def test_two_machines_by_tls(
    implementation: str,
    stack: ExitStack,
    identities: dict[str, Identity],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Process(
        stack, network("one", listen="tls+tcp://127.0.0.1:0", identity=identities["ours"])
    )
    (tmp_path / "other").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "other"))
    home = str(one.link.homes[1])
    friend = Process(stack, network("friend", peers=(home,), identity=identities["friend"]))
    stranger = Process(stack, network("stranger", peers=(home,), identity=identities["stranger"]))
    speak, heard = one.speaker("/image", IMAGE), friend.hear("/image", IMAGE)
    nothing = stranger.hear("/image", IMAGE)
    until(lambda: one.bus.readers("/image", IMAGE))
    data = messages.serialize(Image(data=bytes(100_000)))
    speak(data)
    assert heard.get(timeout=PATIENCE) == data
    assert nothing.empty()
    assert not stranger.bus.publishers("/image")


def test_one_of_several_processes_tells_of_the_others(
    stack: ExitStack,
    identities: dict[str, Identity],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def listening(name: str) -> Process:
        listen = "tls+tcp://0.0.0.0:0"  # on all interfaces, which is no address to connect to
        return Process(stack, network(name, listen=listen, identity=identities["ours"]))

    first, second = listening("first"), listening("second")
    speak = second.speaker("/words")
    until(lambda: first.bus.publishers("/words"))
    (tmp_path / "other").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "other"))
    named = f"tls+tcp://localhost:{first.link.homes[1].port}"
    friend = Process(stack, network("friend", peers=(named,), identity=identities["friend"]))
    heard = friend.hear("/words")
    until(lambda: second.bus.readers("/words", TEXT))
    data = messages.serialize(String(data="from the second"))
    speak(data)
    assert heard.get(timeout=PATIENCE) == data
    second.close()
    until(lambda: not friend.bus.publishers("/words"))


def test_a_neighbour_that_is_silent_is_named_within_two_seconds(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(peers, "time", SimpleNamespace(monotonic=lambda: now))
    with socket.socket() as mute:  # accepts, and says nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        home = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        peer = next(iter(Process(stack, network("one", peers=(home,))).link._peers))
        now += 1.0
        assert not peer.trouble()
        now += 1.0
        assert f"{home} has said nothing for 2 s" in peer.trouble()


def test_parameters_are_asked_for_and_changed(
    implementation: str, toy: tuple[Process, Shell]
) -> None:
    said = announced(toy[0])
    sockets = choose()

    def ask(**changes: Value) -> dict[str, dict[str, object]]:
        return services.ask_parameters(
            sockets, addresses.parse(said.services), None, "/toy", changes, PATIENCE
        )

    assert ask()["volume"] == {
        "value": 1,
        "description": "Changes at once.",
        "expected": "a whole number from 1 to 9",
        "read_only": False,
        "live": True,
    }
    assert ask(volume=3)["volume"]["value"] == 3
    assert ask()["volume"]["value"] == 3
    for wrong, why in (
        ({"volume": 10}, "from 1 to 9"),
        ({"volum": 1}, "is 'volume' meant"),
        ({"prefix": "x"}, "can't change while the node is active"),
        ({"fixed": True}, "fixed can't be changed"),
    ):
        with pytest.raises(CallError, match=why):
            ask(**wrong)  # type: ignore[arg-type]


def test_a_request_that_fails_costs_that_call_alone(
    implementation: str, stack: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    process = Process(stack, "one")
    taken: list[bytes] = []

    def take(data: bytes) -> None:
        taken.append(data)
        if len(taken) == 1:
            raise ValueError("not today")

    process.bus.read(End("/door", "/open", TEXT, take, service="toy_interfaces/srv/Say"))
    address = addresses.parse(announced(process).services)
    data = text("sesame")

    def ask() -> bytes:
        return services.call(choose(), address, None, "/open", TEXT, data, PATIENCE)

    with pytest.raises(CallError, match="ValueError: not today"):
        ask()
    assert "ValueError: not today" in capsys.readouterr().err
    ask()
    assert taken == [data, data]


def announced(process: Process) -> Announcement:
    until(lambda: process.link._fronts[0]._said)
    said = process.link._fronts[0]._said
    assert said is not None
    return said


def test_simulated_time_comes_from_its_topic(implementation: str, stack: ExitStack) -> None:
    simulator, robot = Process(stack, "simulator"), Process(stack, "robot")
    start = Start("toy", "", use_sim_time=True)
    endpoints = SpEndpoints(robot.bus, start, robot.link, lambda *words: None)
    assert endpoints.is_simulated()
    assert endpoints.now() == 0
    assert "has not begun: publish it on /clock" in endpoints.clock_remedy(False)
    tell = simulator.speaker("/clock", "rosgraph_msgs/msg/Clock")
    until(lambda: simulator.bus.readers("/clock", "rosgraph_msgs/msg/Clock"))
    tell(messages.serialize(Clock(clock=Time(sec=5, nanosec=7))))
    until(lambda: endpoints.now() == 5_000_000_007)


def test_a_command_that_waited_in_a_stopped_process_is_not_followed(
    implementation: str, stack: ExitStack
) -> None:
    driver, robot = Process(stack, "driver"), Process(stack, "robot")
    heard, expired = list[bytes](), list[int]()
    robot.bus.read(
        End(
            "/gate",
            "/cmd",
            TEXT,
            heard.append,
            prompt=False,
            expires=1,
            expire=lambda: expired.append(1),
        )
    )
    speak = driver.speaker("/cmd")
    until(lambda: driver.bus.readers("/cmd", TEXT))
    speak(b"go")  # and it is a nanosecond old at least when it is looked at
    until(lambda: (robot.link.fetch(["/cmd"]), len(expired))[1])
    assert not heard
