"""The owner's door, from pictures over embeddings and tracks to the lock: faces are colours."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from fake_model import FakeDetector, FakeModel
import numpy as np

from edge_perception import messages
from edge_perception.core.decision.audit import verify
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.parameters import Parameters
from edge_perception.core.perception.node import PerceptionCore
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.files import read_file
from edge_perception.messages.types import Header, Image

PIPELINE = """\
version: 1
stages:
  - {kind: detect, model: faces.edge}
  - {kind: track}
  - {kind: embed, model: arcface.edge}
  - {kind: identify, owners: owners.json}
"""
RULES = """\
version: 1
timeout: {detections: 0.5}
actions: {locked: {}, open: {unlock: {matches: 3}}}
default: locked
safe: locked
rules:
  - {name: anna, when: {identity: {name: anna, distance: {max: 0.2}}}, action: open, after: 3 of 3}
"""
OWNERS = {"version": 1, "model": "abc", "owners": {"anna": [[1, 0, 0]], "bert": [[0, 1, 0]]}}
ANNA, BERT, SOMEBODY = (250, 10, 20), (20, 240, 10), (120, 130, 140)


class House:
    """A camera at a door, which takes ten pictures a second of faces side by side."""

    def __init__(self, folder: Path) -> None:
        for name, text in (
            ("p.yaml", PIPELINE),
            ("rules.yaml", RULES),
            ("owners.json", json.dumps(OWNERS)),
        ):
            (folder / name).write_text(text)
        self.log = folder / "unlock.log"
        self.detector = FakeDetector()
        embedder = FakeModel(sha256="abc")
        here = replace(
            this_machine(),
            load=lambda request: self.detector if "faces" in request.path else embedder,
            read_file=read_file,
        )
        self.now = 1_000 * SECOND
        self.perception, self.decision = PerceptionCore(here), DecisionCore(here)
        given = {"rules": str(folder / "rules.yaml"), "audit_log": str(self.log)}
        parameters = Parameters(self.perception.parameters, {"model": str(folder / "p.yaml")})
        self.perception.configure(parameters)
        self.decision.configure(Parameters(self.decision.parameters, given))

    def show(self, *faces: tuple[int, int, int], size: int = 40) -> bool:
        """Take a picture of faces, and return whether the door is open."""
        self.now += SECOND // 10
        pixels = np.zeros((60, 60 * max(1, len(faces)), 3), np.uint8)
        boxes = []
        for place, colour in enumerate(faces):
            left = 60 * place + 10
            boxes.append((left, 10, left + size, 10 + size))
            pixels[10 : 10 + size, left : left + size] = colour
            size = 40
        self.detector.boxes = tuple(boxes)
        height, width, _ = pixels.shape
        image = Image(
            header=Header(stamp=to_time(self.now)),
            height=height,
            width=width,
            encoding="rgb8",
            step=3 * width,
            data=pixels,
        )
        seen: Any = dict(self.perception.step({"image": image}, self.now))["detections"]
        heard = messages.deserialize(messages.serialize(seen), type(seen))
        decided: Any = dict(self.decision.step({"detections": heard}, self.now))
        self.reason = decided["decision"].reason
        return bool(decided["unlock"].data)


def test_the_door_opens_for_its_owner_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    for other in (BERT, SOMEBODY):
        assert not any(house.show(other) for _ in range(10))
    opened = [house.show(ANNA) for _ in range(10)]
    assert opened == [False] * 2 + [True] * 8
    assert house.reason == "thing #1 (anna 1.00) was seen with score 0.90 in 3 of 3 images"
    assert not any(house.show(BERT) for _ in range(10))
    house.decision.close()
    lines = house.log.read_text().splitlines()
    assert verify(lines)[0] == 1
    assert json.loads(lines[0])["event"] == "unlocked"


def test_it_stays_locked_while_somebody_unknown_is_nearer(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert not any(house.show(ANNA, SOMEBODY, size=30) for _ in range(10))
    assert "somebody unknown (thing) is nearer" in house.reason
    assert any(house.show(ANNA, BERT, size=30) for _ in range(10))


def test_one_picture_of_the_owner_opens_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.show()
    house.show(ANNA)
    image_time = house.now
    for _ in range(10):
        house.now = image_time - SECOND // 10
        assert not house.show(ANNA)
