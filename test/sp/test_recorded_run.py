"""What the nodes say over nanomsg is what they say in bag time, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import lockstep
from lockstep import LinkedInBagTime, LockStep, SAID
from processes import Process

from edge_perception.transport.local.bus import End


def test_the_same_run_over_nanomsg(
    implementation: str, stack: ExitStack, tmp_path: Path, tiny_bundle: Path
) -> None:
    bag = lockstep.record(tmp_path / "run.mcap")
    parts = lockstep.parts_of(bag, tiny_bundle)
    expected = lockstep.said_in_bag_time(bag, parts)
    assert {topic for _, topic, _ in expected} == SAID.keys()
    outside, robot = Process(stack, "outside"), Process(stack, "robot")
    run = LockStep(bag)
    for start in parts.starts:
        run.add(start, LinkedInBagTime(robot.bus, robot.link, start, run.clock))
    heard: dict[str, list[bytes]] = {topic: [] for topic in SAID}
    for topic, type_ in SAID.items():
        outside.bus.read(End("/listener", topic, type_, heard[topic].append))
    tell: dict[str, Callable[[bytes], None]] = {
        topic.name: outside.speaker(topic.name, topic.type) for topic in bag.topics()
    }

    def is_ready() -> bool:
        """Tell whether each side reads what the other one publishes."""
        return all(outside.bus.readers(topic.name, topic.type) for topic in bag.topics()) and all(
            any(end.process for end in robot.bus.readers(*one)) for one in SAID.items()
        )

    run.play(lambda topic, type_, data: tell[topic](data), heard, expected, is_ready)
