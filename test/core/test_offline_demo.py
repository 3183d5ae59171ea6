"""The film and the door of the demo, with models that need no library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
from fake_model import FakeDetector, FakeModel
import numpy as np
from PIL import Image
import pytest
from rich.console import Console

from edge_perception.demo import door, film, offline
from edge_perception.demo.door import Door, SHOWN
from edge_perception.demo.prepare import DemoError
from edge_perception.environment import this_machine

CONSOLE = Console(quiet=True)


class People(FakeDetector):
    """It sees what is bright as a person."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest.model = replace(self.manifest.model, labels=("person",))

    def run_image(self, frame: Any, encoding: str) -> Any:
        rows, columns = np.nonzero(frame.max(axis=2) > 150)
        if len(rows):
            self.boxes = ((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1),)
        return super().run_image(frame, encoding)


def use(monkeypatch: pytest.MonkeyPatch, detector: Any, embedder: Any = None) -> None:
    """Let the demo load these models."""
    here = replace(
        this_machine(),
        load=lambda request: embedder if "descriptor" in request.path else detector,
    )
    for module in (offline, door):
        monkeypatch.setattr(module, "this_machine", lambda: here)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Return a video of one who walks across the zone."""
    path = tmp_path / "walker.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for x in range(20, 260, 8):
        frame = np.zeros((240, 320, 3), np.uint8)
        frame[60:120, x : x + 20] = 255
        writer.write(frame)
    writer.release()
    return path


def test_a_film_has_all_pictures_and_tells_when_the_robot_stopped(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, People())
    monkeypatch.setattr(film, "PICTURES", 30)
    monkeypatch.setattr(film, "_PEOPLE", 1)
    facts = film.write_film(video, tmp_path / "people.edge", tmp_path, CONSOLE)
    assert (facts["people followed"], facts["times stopped"]) == ("1", "1")
    with Image.open(facts["contact sheet"]) as sheet:
        assert sheet.width > 1000
    capture = cv2.VideoCapture(facts["film"])
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 30
    assert capture.read()[1].shape == (240, 320, 3)
    assert not list(tmp_path.glob("*.part.*"))


def test_a_film_in_which_nobody_is_seen_is_a_mistake(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeDetector())
    monkeypatch.setattr(film, "PICTURES", 5)
    with pytest.raises(DemoError, match=r"the robot did not see what .* shows"):
        film.write_film(video, tmp_path / "people.edge", tmp_path, CONSOLE)
    with pytest.raises(DemoError, match=r"none\.avi"):
        film.write_film(tmp_path / "none.avi", tmp_path / "people.edge", tmp_path, CONSOLE)


def test_the_door_opens_for_the_enrolled_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeDetector((5, 5, 55, 55)), FakeModel(sha256="abc"))
    pictures = []
    for name, colour in (("1", (250, 10, 20)), ("2", (240, 20, 10)), ("3", (10, 250, 20))):
        pictures.append(tmp_path / f"{name}.png")
        Image.new("RGB", (60, 60), colour).save(pictures[-1])
    seen = Door(tmp_path / "faces.edge", tmp_path / "descriptor.edge", tmp_path)
    seen.enrol(pictures[:1])
    visits = list(seen.visits(pictures))
    assert [visit.opened for visit in visits] == [6, 6, None]
    assert SHOWN >= 6
    with pytest.raises(DemoError, match=r"none\.png"):
        seen.enrol([tmp_path / "none.png"])
