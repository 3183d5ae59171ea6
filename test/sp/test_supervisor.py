"""Processes that are kept running: started again, with reasons, and spoken for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
import os
from queue import Queue
import signal
import sys
import time
from typing import Any

from edge_perception import messages
from edge_perception.messages.types import Decision, String
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.shell import Words
from edge_perception.transport.sp.announcement import Child
from edge_perception.transport.sp.standin import StandIn
from edge_perception.transport.sp.supervisor import Job, Supervisor

PATIENCE = 20.0
CHILD = """
import sys, time
from edge_perception.transport.sp.supervisor import Voice
voice = Voice()
voice.hold("/toy", [("/safe", "std_msgs/msg/String", b"words")])
voice.ready()
time.sleep(100)
"""


class Watch:
    """What a supervisor says."""

    def __init__(self) -> None:
        self.spoken: Queue[dict[str, Words]] = Queue()
        self.children: Queue[Sequence[Child]] = Queue()
        self.failures: Queue[str] = Queue()

    def supervisor(self, script: str) -> Supervisor:
        job = Job("toy", [sys.executable, "-c", script], "")
        return Supervisor([job], self.spoken.put, self.children.put, self.failures.put)

    def wait(self, holds: Callable[[Child], object]) -> Child:
        while True:
            [child] = self.children.get(timeout=PATIENCE)
            if holds(child):
                return child


def test_a_killed_process_is_spoken_for_and_started_again() -> None:
    watch = Watch()
    with watch.supervisor(CHILD):
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
    with watch.supervisor("import sys; sys.exit(3)"):
        assert watch.failures.get(timeout=PATIENCE) == (
            "the process toy ended with exit code 3 before it worked: see above"
        )


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
