from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import yaml

from edge_perception import messages
from edge_perception.core.camera.node import CameraCore
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.source import (
    CameraRequest,
    Frame,
    Skipped,
    Source,
    SourceError,
    SourceFinished,
)
from edge_perception.environment import this_machine

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
BLACK = np.zeros((4, 6, 3), np.uint8)

Reading = Frame | Skipped | Exception | None


class Script:
    """A source that gives what a test wrote down; an opener of such sources."""

    def __init__(self, *readings: Reading, live: bool = False, rate: float = 0.0) -> None:
        self.readings = deque(readings)
        self.live = live
        self.rate = rate
        self.plugged = True
        self.open_now = 0
        self.opened: list[CameraRequest] = []

    def open(self, spec: str, request: CameraRequest) -> Source:
        if not self.plugged:
            raise SourceError(f"the camera {spec} is not there; plug it in")
        self.opened.append(request)
        self.open_now += 1
        return self

    def describe(self) -> str:
        return "a script"

    def read(self, timeout: float) -> Frame | Skipped | None:
        assert 0 < timeout <= 0.5
        if not self.plugged:
            raise SourceError("the camera was unplugged; plug it in again")
        got = self.readings.popleft() if self.readings else Frame(BLACK, "rgb8")
        if isinstance(got, Exception):
            raise got
        return got

    def close(self) -> None:
        self.open_now -= 1


def configured(
    script: Script, clock: Callable[[], int] = lambda: 0, **parameters: Any
) -> CameraCore:
    core = CameraCore(replace(this_machine(), open_camera=script.open, monotonic=clock))
    assert core.configure(Parameters(core.parameters, parameters)) == ()
    return core


def publish(core: CameraCore, now: int) -> Any:
    """Step until there is something: files are read one step ahead."""
    return core.step({}, now) or core.step({}, now)


def source_state(core: CameraCore, now: int) -> tuple[Level, str]:
    state = next(d for d in core.diagnostics(now) if d.name == "source")
    return state.level, state.message


def run(core: CameraCore, now: int, seconds: float, until: Callable[[], bool] = bool) -> list[Any]:
    """Do as a shell does: step, wait as long as the core says, step."""
    end, images = now + round(seconds * SECOND), []
    while now < end and not until():
        images += [message for port, message in core.step({}, now) if port == "image"]
        now += max(round(core.period() * SECOND), SECOND // 1000)
    return images


def stamp(message: Any) -> int:
    return int(message.header.stamp.sec) * SECOND + int(message.header.stamp.nanosec)


def test_a_picture_becomes_an_image_and_its_camera_info() -> None:
    data = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    core = configured(Script(Frame(data, "bgr8")), frame_id="eye")
    (port, image), (info_port, info) = publish(core, START)
    assert (port, info_port) == ("image", "camera_info")
    assert (image.width, image.height, image.step, image.encoding) == (6, 4, 18, "bgr8")
    assert bytes(image.data) == data.tobytes()
    assert stamp(image) == stamp(info) == START
    assert image.header.frame_id == info.header.frame_id == "eye"
    assert (info.width, info.height) == (6, 4)
    assert not any(info.k), "K is zero: REP-104's mark of an uncalibrated camera"
    for message in (image, info):
        again = messages.deserialize(messages.serialize(message), type(message))
        assert again == message


@pytest.mark.parametrize(
    ("data", "encoding", "step"),
    [
        (np.zeros((4, 6), np.uint8), "mono8", 6),
        (np.zeros((4, 6, 2), np.uint8), "yuv422_yuy2", 12),
        (np.zeros((4, 6), np.uint16), "mono16", 12),
        (np.zeros((4, 12, 3), np.uint8)[:, ::2], "rgb8", 18),
    ],
)
def test_rows_are_packed_in_every_encoding(data: Any, encoding: str, step: int) -> None:
    image = publish(configured(Script(Frame(data, encoding))), START)[0][1]
    assert (image.step, len(image.data)) == (step, step * 4)


def test_a_device_stamps_its_own_pictures() -> None:
    core = configured(Script(Frame(BLACK, "rgb8", stamp=START - 7), live=True))
    assert stamp(core.step({}, START)[0][1]) == START - 7


def test_what_is_wanted_reaches_the_driver() -> None:
    script = Script()
    configured(script, width=64, height=48, rate=5.0, encoding="mono8", loop=False)
    assert script.opened == [CameraRequest(64, 48, 5.0, "mono8", loop=False)]


@given(st.floats(0.5, 60), st.integers(1, 40_000_000))
def test_a_file_is_published_at_its_rate(rate: float, busy: int) -> None:
    core = configured(Script(rate=3.0), rate=rate)
    images, now = [], START
    while now < START + 10 * SECOND:
        images += core.step({}, now)[:1]
        now += round(core.period() * SECOND) + busy  # the shell has other things to do
    interval = SECOND / rate
    assert len(images) <= 10 * rate + 1
    if busy < interval / 3:  # a picture takes two steps: one to read it, one to publish it
        assert len(images) >= 10 * rate - 2


def test_a_file_without_a_rate_keeps_its_own() -> None:
    images = run(configured(Script(rate=4.0)), START, 10)
    gaps = {round((stamp(b) - stamp(a)) / 1e6) for a, b in pairwise(images)}
    assert gaps == {250}


def test_the_end_is_a_state_and_is_reached_once() -> None:
    script = Script(Frame(BLACK, "rgb8"), Frame(BLACK, "rgb8"), SourceFinished(), rate=10.0)
    core = configured(script, loop=False)
    assert len(run(core, START, 5)) == 2
    state = source_state(core, START + 5 * SECOND)
    assert state == (Level.OK, "finished: all 2 pictures were published")
    assert len(script.opened) == 1
    assert script.open_now == 0
    assert core.period() > 0.1, "nothing is left to do"


def test_a_camera_that_disappears_comes_back_by_itself() -> None:
    script = Script(live=True)
    core = configured(script)
    assert core.step({}, START)
    script.plugged = False
    assert run(core, START + 1, 20) == []
    level, message = source_state(core, START + 20 * SECOND)
    assert level == Level.ERROR
    assert "plug it in" in message
    assert script.open_now == 0
    script.plugged = True
    back = START + 20 * SECOND
    images = run(core, back, 6, until=lambda: source_state(core, back)[0] == Level.OK)
    assert images, "within the longest interval between two tries"
    now = back + 6 * SECOND
    state = next(d for d in core.diagnostics(now) if d.name == "source")
    assert state.values is not None
    assert state.values["reconnects"] == "1"


def test_reading_a_file_makes_no_picture_old() -> None:
    core = configured(Script(rate=10.0))
    assert core.step({}, START) == (), "decoding takes its time"
    assert core.period() == 0
    later = START + 30_000_000
    assert stamp(core.step({}, later)[0][1]) == later
    assert core.step({}, later) == ()
    assert core.period() == pytest.approx(0.1)


def test_reading_a_file_makes_no_picture_late() -> None:
    moments = iter((0, 0, 0, 30_000_000))  # the second picture takes a while to decode
    core = configured(Script(rate=10.0), clock=lambda: next(moments))
    assert publish(core, START)
    assert core.step({}, START) == ()
    assert core.period() == pytest.approx(0.07)


def test_tries_to_reconnect_grow_rarer() -> None:
    script = Script(SourceError("gone"), live=True)
    tries: list[int] = []

    def opener(spec: str, request: CameraRequest) -> Source:
        tries.append(now)
        if len(tries) > 1:
            raise SourceError("still gone")
        return script

    now = START
    core = CameraCore(replace(this_machine(), open_camera=opener))
    core.configure(Parameters(core.parameters))
    while now < START + 30 * SECOND:
        core.step({}, now)
        assert 0 < core.period() <= 0.5
        now += SECOND // 100
    gaps = [(b - a) / SECOND for a, b in pairwise(tries[1:])]
    assert gaps[:3] == pytest.approx([1, 2, 4])
    assert set(gaps[3:]) == {5.0}


def test_a_silent_camera_is_reported_within_two_seconds_and_then_opened_again() -> None:
    script = Script(Frame(BLACK, "rgb8"), *[None] * 100, live=True)
    core = configured(script)
    for tenths in range(0, 26, 4):  # each read waits 0.4 s
        core.step({}, START + tenths * SECOND // 10)
    level, message = source_state(core, START + 5 * SECOND // 2)
    assert level == Level.ERROR
    assert "no picture for 2 s" in message
    for tenths in range(28, 300, 4):
        core.step({}, START + tenths * SECOND // 10)
    assert len(script.opened) > 1


def test_a_damaged_picture_is_a_warning_that_passes() -> None:
    core = configured(Script(Skipped("bad.jpg", "it is truncated"), rate=10.0))
    assert core.step({}, START) == ()
    assert core.period() == 0, "the next one is due at once"
    assert publish(core, START)
    assert source_state(core, START) == (
        Level.WARN,
        "a picture was left out: bad.jpg: it is truncated",
    )
    assert source_state(core, START + 20 * SECOND)[0] == Level.OK


def test_a_camera_slower_than_wanted_is_reported() -> None:
    script = Script(live=True)
    core = configured(script, rate=30.0)
    for index in range(30):
        core.step({}, START + index * SECOND // 10)
    level, message = source_state(core, START + 3 * SECOND)
    assert level == Level.WARN
    assert "gives 10 pictures/s, 30 are wanted" in message


def test_a_missing_source_stops_the_start_unless_it_is_waited_for() -> None:
    script = Script(live=True)
    script.plugged = False
    with pytest.raises(ConfigurationError, match="the camera 7 is not there; plug it in"):
        configured(script, source="7")
    core = configured(script, source="7", wait_for_source=True)
    assert core.step({}, START) == ()
    assert source_state(core, START)[0] == Level.ERROR
    script.plugged = True
    assert core.step({}, START + SECOND)


def test_half_a_size_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="640x0 is incomplete"):
        configured(Script(), width=640)


def test_closing_twice_and_configuring_again_leaves_one_source_open() -> None:
    script = Script()
    core = configured(script)
    core.configure(Parameters(core.parameters))
    assert script.open_now == 1
    core.close()
    core.close()
    assert script.open_now == 0
    assert core.step({}, START) == ()
    assert core.diagnostics(START) == ()


CALIBRATION = {
    "image_width": 6,
    "image_height": 4,
    "camera_name": "narrow_stereo",
    "camera_matrix": {"rows": 3, "cols": 3, "data": [438.7, 0, 305.5, 0, 437.3, 243.7, 0, 0, 1]},
    "distortion_model": "plumb_bob",
    "distortion_coefficients": {"rows": 1, "cols": 5, "data": [-0.36, 0.11, 0.001, 0.0006, 0]},
    "rectification_matrix": {"rows": 3, "cols": 3, "data": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    "projection_matrix": {"rows": 3, "cols": 4, "data": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]},
}


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_calibration_is_published(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump(CALIBRATION))
    core = configured(Script(), camera_info_url=f"{prefix}{path}")
    info = publish(core, START)[1][1]
    assert list(info.k) == [438.7, 0, 305.5, 0, 437.3, 243.7, 0, 0, 1]
    assert list(info.d) == [-0.36, 0.11, 0.001, 0.0006, 0]
    assert list(info.p) == list(range(1, 13))
    assert info.distortion_model == "plumb_bob"


def test_a_calibration_for_another_size_is_not_published(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump({**CALIBRATION, "image_width": 640}))
    core = configured(Script(), camera_info_url=str(path))
    assert not any(publish(core, START)[1][1].k)
    state = next(d for d in core.diagnostics(START) if d.name == "calibration")
    assert state.level == Level.ERROR
    assert "for 640x4 pictures, but they are 6x4" in state.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read"),
        ("a: [", "can't be read"),
        ("!!python/object/apply:os.system ['true']", "can't be read"),
        ("just text", "no YAML mapping"),
        (yaml.safe_dump({"image_width": 6}), "'distortion_model' is missing"),
        (yaml.safe_dump({**CALIBRATION, "distortion_model": "fish"}), "expected plumb_bob"),
        (yaml.safe_dump({**CALIBRATION, "image_width": "wide"}), "expected positive integers"),
        (yaml.safe_dump({**CALIBRATION, "camera_matrix": {"data": [1, 2]}}), "has 2 numbers"),
        (yaml.safe_dump({**CALIBRATION, "camera_matrix": {"data": [0.0] * 9}}), "no positive"),
        (yaml.safe_dump({**CALIBRATION, "camera_matrix": 3}), "is no camera calibration"),
        (
            yaml.safe_dump({**CALIBRATION, "camera_matrix": {"data": [float("nan")] * 9}}),
            "finite",
        ),
    ],
)
def test_a_wrong_calibration_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "camera.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        configured(Script(), camera_info_url=str(path))
