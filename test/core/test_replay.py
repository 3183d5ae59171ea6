"""The same messages, times and environment give the same bytes: a drive can be replayed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fake_model import FakeModel
import numpy as np
import pytest

from edge_perception import core, messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.environment import this_machine

Image = messages.get("sensor_msgs/msg/Image")
Header = messages.get("std_msgs/msg/Header")
START = 1_000 * SECOND
MS = SECOND // 1000
WORK = 7 * MS  # that each look at the clock takes
RULES = b"""
version: 1
timeout: {detections: 0.5}
actions: {go: {}, wait: {}}
default: go
safe: wait
rules:
  - {name: cat, when: {label: cat}, action: wait}
"""
MODULES = sorted(Path(core.__path__[0]).rglob("*.py"))
OUTSIDE = {"os", "random", "socket", "subprocess", "threading", "time", "datetime"}


class VirtualTime:
    """A clock that goes on when it is looked at, and not otherwise."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += WORK
        return self.now


def recorded() -> Iterator[tuple[int, bytes]]:
    """Yield images and when they came: each waited for some milliseconds."""
    random = np.random.default_rng(7)
    for number in range(40):
        stamp = START + 100 * MS * number
        pixels = random.integers(0, 256, (2, 4, 3), np.uint8)
        image = Image(
            header=Header(stamp=to_time(stamp), frame_id="camera"),
            height=2,
            width=4,
            encoding="rgb8",
            step=12,
            data=pixels.reshape(-1),
        )
        yield stamp + int(random.integers(1, 40)) * MS, messages.serialize(image)


def replay() -> list[tuple[str, bytes]]:
    """Return all that perception and decision publish, as bytes."""
    environment = replace(
        this_machine(),
        monotonic=VirtualTime(),
        load=lambda _: FakeModel(),
        read_file=lambda path, most: RULES,
        share=Path("/nowhere"),
    )
    seeing = start(PerceptionCore(environment), model="x.edge")
    deciding = start(DecisionCore(environment))
    published = []
    for now, data in recorded():
        seen = list(seeing.step({"image": messages.deserialize(data, Image)}, now))
        detections = dict(seen)["detections"]
        then = now + nanoseconds(detections.age)
        decided = deciding.step({"detections": detections}, then)
        published += [(port, messages.serialize(message)) for port, message in (*seen, *decided)]
    return published


def start(core: NodeCore, **given: object) -> NodeCore:
    core.configure(Parameters(core.parameters, given))
    return core


def test_the_same_drive_gives_the_same_bytes() -> None:
    first, second = replay(), replay()
    assert first == second
    assert {"detections", "status", "decision"} <= {port for port, _ in first}


def test_ages_and_times_of_stages_are_those_of_the_clock_that_was_handed_in() -> None:
    kind = messages.get("edge_perception/msg/DetectionArray")
    data = next(data for port, data in replay() if port == "detections")
    found = messages.deserialize(data, kind)
    stages = {stage.name: stage.milliseconds for stage in found.stages}
    assert (stages["run"], stages["decode"]) == (7.0, 7.0)
    assert nanoseconds(found.age) == round(sum(stages.values())) * MS + 2 * WORK


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_cores_look_at_the_world_through_their_environment_alone(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not OUTSIDE & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in OUTSIDE
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open"
