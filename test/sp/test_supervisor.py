"""Processes that are kept running: started again, with reasons, and spoken for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
import os
from queue import Queue
import signal
import time
from typing import Any

import pytest

from edge_perception import messages
from edge_perception.messages.types import Decision, String
from edge_perception.transport.endpoints import Words
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp.announcement import Child
from edge_perception.transport.sp.nursery import Nursery, NurseryError
from edge_perception.transport.sp.standin import StandIn
from edge_perception.transport.sp.supervisor import Supervisor, Voice

PATIENCE = 60.0


def work(name: str, voice: int) -> int:
    """Be a process with a node."""
    if name == "broken":
        return 3
    said = Voice(voice)
    said.hold("/toy", [("/safe", "std_msgs/msg/String", b"words")])
    said.ready()
    while True:
        signal.pause()


class Watch:
    """What a supervisor says."""

    def __init__(self) -> None:
        self.spoken: Queue[dict[str, Words]] = Queue()
        self.children: Queue[Sequence[Child]] = Queue()
        self.failures: Queue[str] = Queue()

    @contextmanager
    def supervisor(self, name: str) -> Iterator[Nursery]:
        nursery = Nursery(work)
        with (
            closing(nursery),
            Supervisor(
                [name], nursery.start, self.spoken.put, self.children.put, self.failures.put
            ),
        ):
            yield nursery

    def wait(self, holds: Callable[[Child], object]) -> Child:
        while True:
            [child] = self.children.get(timeout=PATIENCE)
            if holds(child):
                return child


def test_a_killed_process_is_spoken_for_and_started_again() -> None:
    watch = Watch()
    with watch.supervisor("toy"):
        first = watch.wait(lambda child: child.state == "running")
        assert watch.spoken.get(timeout=PATIENCE) == {}
        os.kill(first.pid, signal.SIGKILL)
        words = [("/safe", "std_msgs/msg/String", b"words")]
        assert watch.spoken.get(timeout=PATIENCE) == {"/toy": words}
        second = watch.wait(lambda child: child.restarts and child.state == "running")
        assert second.reason == "was killed by SIGKILL"
        assert second.pid != first.pid
        assert watch.spoken.get(timeout=PATIENCE) == {}
    assert watch.failures.empty()
    assert not os.path.exists(f"/proc/{second.pid}")


def test_one_that_never_worked_ends_the_robot() -> None:
    watch = Watch()
    with watch.supervisor("broken"):
        assert watch.failures.get(timeout=PATIENCE) == (
            "the process broken ended with exit code 3 before it worked: see above"
        )


def test_one_that_ends_before_anybody_looks_is_started_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nursery, opened = Nursery(work), os.pidfd_open

    def late(pid: int) -> int:
        gone(pid)
        return opened(pid)

    def gone(pid: int) -> None:
        """Wait until the nursery has taken note of the end."""
        while os.path.exists(f"/proc/{pid}"):
            time.sleep(0.005)

    monkeypatch.setattr(os, "pidfd_open", late)
    with closing(nursery), closing(nursery.start("broken", 1)) as process:
        gone(process.pid)
        assert process.wait(PATIENCE)
        assert process.poll() == 3
        process.send_signal(signal.SIGTERM)


def test_without_the_process_that_starts_others_the_robot_ends() -> None:
    nursery = Nursery(work)
    with closing(nursery):
        os.kill(nursery._pid, signal.SIGKILL)
        with pytest.raises(NurseryError, match="start the robot again"):
            nursery.start("toy", 1)


def test_the_last_words_are_published_with_the_present_time() -> None:
    bus = Bus()
    heard: dict[str, Queue[Any]] = {}
    for topic, type_ in (("/safe", String), ("/decision", Decision)):
        heard[topic] = Queue()
        name = type_.__msgtype__
        bus.read(End("/me", topic, name, heard[topic].put))
    with closing(StandIn(bus)) as stand_in:
        text = messages.serialize(String(data="safe"))
        decision = messages.serialize(Decision(action="stop"))
        stand_in.speak(
            {
                "/toy": [
                    ("/safe", "std_msgs/msg/String", text),
                    ("/decision", "edge_perception/msg/Decision", decision),
                ]
            }
        )
        for _ in range(2):
            assert heard["/safe"].get(timeout=PATIENCE) == text
        [speaker] = bus.publishers("/safe")
        assert speaker.node == "/toy_guard"
        said = messages.deserialize(heard["/decision"].get(timeout=PATIENCE), Decision)
        assert said.action == "stop"
        assert abs(said.header.stamp.sec - time.time()) < PATIENCE
        stand_in.speak({})
        assert not bus.publishers("/safe")
