"""The annotation node: which images it draws, when, and what is drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageFont
import pytest

from edge_perception import messages
from edge_perception.core.annotate.node import AnnotateCore
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.files import read_file
from edge_perception.views.annotation import annotate
from edge_perception.views.drawing import font

MS = SECOND // 1000
NOW = 1000 * SECOND
Decision = messages.get("edge_perception/msg/Decision")
Detection = messages.get("edge_perception/msg/Detection")
DetectionArray = messages.get("edge_perception/msg/DetectionArray")
Header = messages.get("std_msgs/msg/Header")
Image = messages.get("sensor_msgs/msg/Image")
LostTrack = messages.get("edge_perception/msg/LostTrack")

GREY = 90
RED = [192, 39, 45]  # of the action stop


def image(stamp: int = NOW, width: int = 320, height: int = 240, encoding: str = "bgr8") -> Any:
    channels = {"mono8": 1, "bgr8": 3, "rgba8": 4, "yuyv": 2, "odd": 3}[encoding]
    data = np.full(height * width * channels, GREY, np.uint8)
    if encoding == "yuyv":
        data[1::2] = 128  # no colour
    return Image(
        header=Header(to_time(stamp), "camera"),
        width=width,
        height=height,
        encoding=encoding,
        step=width * channels,
        data=data,
    )


def detections(*found: Any, stamp: int = NOW) -> Any:
    return DetectionArray(header=Header(to_time(stamp), "camera"), detections=list(found))


def decision(stamp: int = NOW, **more: Any) -> Any:
    header = Header(to_time(stamp), "camera")
    return Decision(header=header, action="stop", reason="a cat", **more)


def box(x: float, y: float, width: float, height: float) -> Any:
    return Detection(label="cat", score=0.9, has_box=True, x=x, y=y, width=width, height=height)


class Rig:
    """A core whose drawing is recorded, and that somebody looks at."""

    def __init__(self, rate: float = 5.0) -> None:
        self.drawn: list[tuple[int, Any]] = []
        self.core = AnnotateCore(self._draw, read_file)
        self.core.configure(Parameters(self.core.parameters, {"rate": rate, "max_width": 640}))

    def _draw(self, image: Any, seen: Any, decided: Any, width: int, zones: Any) -> Any:
        assert image.header == seen.header
        self.drawn.append((nanoseconds(image.header.stamp), decided))
        return np.zeros((2, 3, 3), np.uint8)

    def step(self, now: int, **inputs: Any) -> list[Any]:
        return [message for _, message in self.core.step(inputs, now)]


def test_detections_are_drawn_into_the_image_of_their_time_with_its_decision() -> None:
    rig = Rig()
    rig.step(NOW, image=[image(NOW), image(NOW + 33 * MS)])
    rig.step(NOW + 50 * MS, image=[image(NOW + 66 * MS)], detections=detections())
    [picture] = rig.step(NOW + 52 * MS, decision=decision())
    assert picture.header == image(NOW).header
    assert (picture.encoding, picture.width, picture.height, picture.step) == ("rgb8", 3, 2, 9)
    assert rig.drawn == [(NOW, decision())]


def test_without_a_decision_it_is_drawn_after_a_moment() -> None:
    rig = Rig()
    assert rig.step(NOW, image=[image()], detections=detections()) == []
    assert rig.step(NOW + 20 * MS, decision=decision(NOW - SECOND)) == []
    assert len(rig.step(NOW + 60 * MS)) == 1
    assert rig.drawn == [(NOW, None)]


def test_an_image_that_comes_after_its_detections() -> None:
    rig = Rig()
    assert rig.step(NOW, detections=detections(), decision=decision()) == []
    assert len(rig.step(NOW + 1 * MS, image=[image()])) == 1


def test_no_more_pictures_than_the_rate() -> None:
    rig = Rig(rate=5)
    for index in range(60):  # two seconds
        now = NOW + index * SECOND // 30
        rig.step(now, image=[image(now)], detections=detections(stamp=now), decision=decision(now))
    assert 9 <= len(rig.drawn) <= 11


def test_a_slow_model_does_not_lower_the_rate() -> None:
    rig = Rig(rate=5)
    for index in range(60):
        now = NOW + index * SECOND // 30
        old = NOW + (index - 10) * SECOND // 30  # ten images ago
        rig.step(now, image=[image(now)], detections=detections(stamp=old), decision=decision(old))
    assert 8 <= len(rig.drawn) <= 10


def test_nothing_is_drawn_or_kept_while_nobody_looks() -> None:
    rig = Rig()
    rig.core.has_reader = lambda port: False
    for index in range(30):
        now = NOW + index * SECOND // 30
        rig.step(now, image=[image(now)], detections=detections(stamp=now), decision=decision(now))
    assert rig.drawn == []
    assert not rig.core._images


def test_images_that_wait_are_bounded_in_memory() -> None:
    rig = Rig()
    for index in range(100):
        rig.step(NOW + index, image=[image(NOW + index, 2048, 2048)])
    assert sum(len(one.data) for one in rig.core._images.values()) <= 64 << 20
    assert NOW + 99 in rig.core._images


def test_an_image_that_can_not_be_drawn_is_reported() -> None:
    core = AnnotateCore(annotate, read_file)
    core.configure(Parameters(core.parameters, {"rate": 5.0, "max_width": 0}))
    inputs = {"image": [image(encoding="odd")], "detections": detections(), "decision": decision()}
    assert core.step(inputs, NOW) == ()
    [state] = core.diagnostics(NOW)
    assert state.level == Level.ERROR
    assert "'odd' is not supported" in state.message


@pytest.mark.parametrize("encoding", ["bgr8", "mono8", "rgba8", "yuyv"])
def test_a_box_is_where_it_was_seen(encoding: str) -> None:
    seen = detections(box(100, 80, 120, 90))
    pixels = annotate(image(encoding=encoding), seen, decision(), 0)
    assert pixels.shape == (240, 320, 3)
    for place in ((80, 210), (169, 150), (120, 100), (120, 219)):
        assert pixels[place].tolist() == RED
    for place in ((120, 150), (75, 215), (60, 20)):
        assert abs(pixels[place].astype(int) - GREY).max() < 20  # yuyv has another range
    assert pixels[239, 319].tolist() == RED  # the decision at the bottom


def test_a_large_image_is_scaled_with_its_boxes() -> None:
    seen = detections(box(400, 320, 480, 360))
    pixels = annotate(image(width=1280, height=960), seen, decision(), 320)
    assert pixels.shape == (240, 320, 3)
    assert pixels[120, 100].tolist() == RED
    assert pixels[120, 150].tolist() == [GREY] * 3


def test_classes_stand_in_a_banner() -> None:
    tabby = Detection(label="tabby", score=0.62)
    pixels = annotate(image(), detections(tabby), None, 0)
    assert pixels[1, 318].mean() < GREY - 20  # darker
    assert pixels[:20, :120].max() > 200  # its name
    assert (pixels[60:] == GREY).all()


def test_the_image_s_zones_of_the_rules_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    core = AnnotateCore(annotate, read_file)
    core.configure(Parameters(core.parameters, {"rules": str(tmp_path / "rules.yaml")}))
    inputs = {"image": [image()], "detections": detections(), "decision": decision()}
    [(_, picture)] = core.step(inputs, NOW)
    pixels = picture.data.reshape(240, 320, 3)
    assert pixels[60, 160].tolist() == RED  # the upper edge
    assert (pixels[80, 100] > GREY).tolist() == [True, False, False]  # tinted within
    assert pixels[80, 40].tolist() == [GREY] * 3
    (tmp_path / "rules.yaml").write_text("version: 1")
    with pytest.raises(ConfigurationError, match=r"the zones can't be drawn: rules\.yaml, line 1"):
        core.configure(Parameters(core.parameters, {"rules": str(tmp_path / "rules.yaml")}))


RULES = """\
version: 1
timeout: {detections: 0.5}
zones:
  path: {image: [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]}
  dock: {ground: [[0, 0], [1, 0], [1, 1]]}
actions: {go: {}}
default: go
safe: go
rules: [{name: a, when: {zone: path}, action: go}, {name: b, when: {zone: dock}, action: go}]
"""


def test_what_the_decision_does_not_rest_on_is_drawn_in_another_colour() -> None:
    near, far = box(40, 80, 60, 60), box(200, 80, 60, 60)
    near.track_id, far.track_id = 1, 2
    seen = detections(near, far)
    seen.lost = [LostTrack(track_id=3, x=120, y=80, width=40, height=60, unseen=0.5)]
    pixels = annotate(image(), seen, decision(evidence=[near]), 0)
    assert pixels[120, 40].tolist() == RED
    for x in (200, 120):
        assert pixels[120, x].tolist() not in (RED, [GREY] * 3)


@pytest.mark.parametrize(
    "odd", [(math.nan, 0, 1, 1), (1e30, 1e30, 1e30, 1e30), (-1e30, 0, 3e38, 3e38), (0, 0, -5, -5)]
)
def test_boxes_that_make_no_sense_do_no_harm(odd: tuple[float, float, float, float]) -> None:
    assert annotate(image(), detections(box(*odd)), decision(), 0).shape == (240, 320, 3)


@pytest.mark.parametrize("is_there", [True, False])
def test_an_older_pillow_writes_by_a_font_of_the_system(
    is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 10.1 it had none of its own of any size."""
    own = ImageFont.load_default(20)

    def truetype(name: str, size: int) -> Any:
        assert name == "DejaVuSans.ttf"
        if not is_there:
            raise OSError("cannot open resource")
        return own

    monkeypatch.setattr(ImageFont, "load_default", lambda: None)
    monkeypatch.setattr(ImageFont, "truetype", truetype)
    font.cache_clear()
    try:
        core = AnnotateCore(annotate, read_file)
        core.configure(Parameters(core.parameters, {"rate": 5.0, "max_width": 0}))
        inputs = {"image": [image()], "detections": detections(), "decision": decision()}
        assert bool(core.step(inputs, NOW)) == is_there
        [state] = core.diagnostics(NOW)
        assert ("apt install fonts-dejavu-core" in state.message) != is_there
    finally:
        font.cache_clear()
