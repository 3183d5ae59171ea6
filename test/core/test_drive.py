"""A simulated drive towards a person: from boxes over tracks and places to what the wheels get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fake_model import FakeDetector
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.gate.node import VelocityGateCore
from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.messages.types import (
    CameraInfo,
    Header,
    Image,
    Twist,
    TwistStamped,
    Vector3,
)

PIPELINE = """\
version: 1
stages:
  - {kind: detect, model: people.edge}
  - {kind: track}
  - {kind: locate, height: 1.0, angle_deviation: 0.002}
"""
RULES = """\
version: 1
timeout: {detections: 0.5}
zones:
  path: {ground: [[0, -0.5], [20, -0.5], [20, 0.5], [0, 0.5]]}
actions:
  go:    {limit: {linear: 1.0, angular: 1.0}}
  slow:  {limit: {linear: 0.4, angular: 1.0}}
  evade: {limit: {linear: 0.4, angular: 1.0}, steer: {linear: 0.2, angular: 0.5}}
  stop:  {limit: {linear: 0.0, angular: 0.0}}
default: go
safe: stop
rules:
  - {name: close, when: {zone: path, range: {max: 1.5}}, action: stop, release: 3 of 3}
  - {name: near, when: {zone: path, range: {max: 3}}, action: CLOSER, release: 3 of 3}
  - {name: soon, when: {time_to_contact: {max: 4.5}}, action: slow, after: 2 of 3, release: 5 of 5}
"""
MS = SECOND // 1000
STEP = 100 * MS
K = np.array([500.0, 0, 320, 0, 500, 240, 0, 0, 1])


class Drive:
    """A robot that is told to drive at 1 m/s, and a person ``ahead`` of it and to its ``side``."""

    def __init__(self, closer: str, side: float, ahead: float = 8.0) -> None:
        self.now = 1_000 * SECOND
        self.ahead, self.side = ahead, side
        self.speed = self.turn = 0.0
        self.rules: list[str] = []
        self.detector = FakeDetector()
        self.random = np.random.default_rng(1)
        self.late = 0  # by how much the camera's clock is behind [ns]
        self.calibrated = self.sees = True
        here = replace(
            this_machine(),
            load=lambda request: self.detector,
            monotonic=lambda: self.now,
            read_file=self.read,
        )
        self.texts = {"p.yaml": PIPELINE, "r.yaml": RULES.replace("CLOSER", closer)}
        self.perception: NodeCore = PerceptionCore(here)
        self.decision: NodeCore = DecisionCore(here)
        self.gate: NodeCore = VelocityGateCore(here)
        for core, given in (
            (self.perception, {"model": "p.yaml"}),
            (self.decision, {"rules": "r.yaml"}),
            (self.gate, {}),
        ):
            core.configure(Parameters(core.parameters, given))

    def read(self, path: Any, most: int) -> bytes:
        return self.texts[path.name].encode()

    def see(self) -> None:
        """Show the detector the person: 0.5 x 1.7 m, seen from 1 m above the ground."""
        corners = np.array([[-self.side - 0.25, -0.7], [-self.side + 0.25, 1.0]])
        pixels = 500 * corners / self.ahead + np.array([320, 240])
        pixels += self.random.normal(0, 0.8, (2, 2))
        if not self.sees:
            pixels *= np.nan
        self.detector.boxes = (tuple(pixels.clip(0, [640, 480]).reshape(-1)),)

    def step(self) -> None:
        """Let a tenth of a second go by."""
        self.now += STEP
        self.ahead -= self.speed * STEP / SECOND
        self.see()
        header = Header(stamp=to_time(self.now - self.late), frame_id="camera")
        image = Image(
            header=header, height=480, width=640, encoding="rgb8", step=1920, data=b"\0" * 921600
        )
        info = CameraInfo(header=header, width=640, height=480, k=K * self.calibrated)
        seen = dict(self.perception.step({"image": image, "camera_info": info}, self.now))
        heard = {name: wire(seen[name]) for name in ("detections",) if name in seen}
        decided = dict(self.decision.step(heard, self.now))
        driver = Header(stamp=to_time(self.now), frame_id="base_link")
        command = TwistStamped(driver, Twist(linear=Vector3(x=1.0)))
        inputs = {name: wire(decided[name]) for name in ("decision", "limit")}
        if "steering" in decided:
            inputs["steering"] = wire(decided["steering"])
        driven = dict(self.gate.step({"velocity_in": command, **inputs}, self.now))
        if "velocity_out" in driven:
            self.speed = driven["velocity_out"].twist.linear.x
            self.turn = driven["velocity_out"].twist.angular.z
        self.rules.append(decided["decision"].rule)


def wire(message: Any) -> Any:
    """Return what comes out at the other end of a transport."""
    return messages.deserialize(messages.serialize(message), type(message))


def test_it_slows_down_in_time_and_stops_before_the_person() -> None:
    drive = Drive("slow", side=0.1)
    for _ in range(250):
        drive.step()
    order = list(dict.fromkeys(drive.rules))
    assert order == ["safe", "default", "soon", "near", "close"]
    assert drive.speed == 0
    # 2.08 m before the camera the feet leave the image: then he may be at any distance below
    assert 1.9 < drive.ahead < 2.1


def test_it_passes_a_person_beside_its_path() -> None:
    drive = Drive("slow", side=2.5)
    for _ in range(60):
        drive.step()
    assert not {"near", "close"} & set(drive.rules)
    assert drive.ahead < 5


def test_it_steers_around() -> None:
    drive = Drive("evade", side=0.1, ahead=4.5)
    turns = []
    for _ in range(40):
        drive.step()
        turns.append((drive.rules[-1], drive.speed, drive.turn))
    assert ("near", pytest.approx(0.2), pytest.approx(0.5)) in turns
    assert all(turn == 0 for rule, _, turn in turns if rule in ("safe", "default", "close"))


def freeze(drive: Drive) -> None:
    drive.late += STEP  # each image has the stamp of the first


def jump_back(drive: Drive) -> None:
    drive.now -= SECOND


def lose_calibration(drive: Drive) -> None:
    drive.calibrated = False


def see_nonsense(drive: Drive) -> None:
    drive.sees = False


def stop_seeing(drive: Drive) -> None:
    drive.late = SECOND


@pytest.mark.parametrize("fault", [freeze, jump_back, lose_calibration, see_nonsense, stop_seeing])
def test_a_fault_stops_the_robot_and_it_goes_on_after_it(fault: Callable[[Drive], None]) -> None:
    drive = Drive("slow", side=0.1, ahead=12.0)
    for _ in range(10):
        drive.step()
    assert drive.speed == 1.0
    for _ in range(7):
        fault(drive)
        drive.step()
    assert drive.rules[-1] == "safe"
    assert drive.speed == 0
    drive.late, drive.calibrated, drive.sees = 0, True, True
    for _ in range(8):
        drive.step()
    assert drive.rules[-1] == "default"
    assert drive.speed == 1.0


def test_two_hundred_things_at_once() -> None:
    drive = Drive("slow", side=0.1)
    things = [
        messages.get("edge_perception/msg/Detection")(label=str(number), score=0.5, track_id=-1)
        for number in range(200)
    ]
    seen = messages.get("edge_perception/msg/DetectionArray")(
        header=Header(stamp=to_time(drive.now)),
        detections=things,
        image_width=640,
        image_height=480,
    )
    decided = dict(drive.decision.step({"detections": seen}, drive.now))["decision"]
    assert decided.rule in ("safe", "close")
    assert len(decided.evidence) in (0, 200)
