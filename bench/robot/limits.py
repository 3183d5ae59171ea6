"""
What a robot that sees has to keep to: ``python -m bench.robot.limits``.

It runs as users start it, in one process, before a film of a face among people. Measured is the
age of decisions with a detector and faces at 10 images a second; that age where five images come
in the time that one takes; and the memory over many images.

The newest image is looked at when the one before is done, so it is never older then than the time
to the next image. That bounds each decision's age by the work on its own image and that time,
whatever both are: a processor that others use makes the work longer and not the wait. Work is what
the detections say of their stages; the images' times are those that the camera says.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
import sys
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bench import record
from bench.cache import BenchError
from bench.command import add_choice, positive, run_alone
from bench.engines import ROOT
from bench.robot.processes import any_domain, check, COMPOSED, memory, Process, robot
from bench.robot.results import PERCENTILES, percentiles
from bench.robot.watch import Sight, Watcher, watcher
from bench.trained import bundle
from edge_compiler.terminal import note, say_table
from edge_perception.core.source import CameraRequest, Frame
from edge_perception.demo import prepare
from edge_perception.drivers import open_source
from edge_perception.drivers.images import read_image

BUILD = ROOT / "build" / "bench" / "limits"
PUBLISHED = ROOT / "bench" / "results" / "robot-limits.json"
ALL = ("latency", "overload", "memory")
RATE, LATENCY = 10.0, 100.0
"""Images a second, and the age [ms] that 99 of 100 decisions must be below."""
TIMES = 5
"""Images that come in the time that one takes."""
SLACK = 10.0
"""What a decision and its way to the outside may add to that bound [ms]."""
FAST = 100.0
"""Images a second while memory is measured."""
GROWTH = 2e6
"""Bytes by which it may grow meanwhile."""
_SETTLED = 1000  # images before memory is looked at
_START, _LONGEST = 120.0, 600.0  # seconds to the first decision, and for all images
_FRAMES, _TURNS, _SIZE = 40, 8, (640, 480)
_PIPELINES = {
    "both": """\
version: 1
stages:
  - {kind: detect, model: nanodet.edge}
  - {kind: detect, name: faces, model: centerface.edge}
  - {kind: track}
  - {kind: align}
  - {kind: embed, model: face-descriptor.edge, of: [face], most: 2}
""",
    "small": """\
version: 1
stages:
  - {kind: detect, model: blazeface.edge}
  - {kind: track}
""",
}
_MODELS = ("nanodet", "centerface", "face-descriptor", "blazeface")


@dataclass(frozen=True)
class Result:
    """What was measured, what it may be at most, and in which unit both are."""

    name: str
    value: float
    limit: float
    details: str

    @property
    def kept(self) -> bool:
        """Return whether it is within the limit."""
        return self.value <= self.limit


def main() -> int:
    """Measure and show; write the results if they are of all limits."""
    parser = argparse.ArgumentParser(prog="python -m bench.robot.limits", description=__doc__)
    add_choice(parser, "--limits", ALL)
    parser.add_argument("--seconds", type=positive, default=30, help="each (%(default)s)")
    parser.add_argument("--images", type=positive, default=10_000, help="(%(default)s)")
    options = parser.parse_args()
    whole = all(getattr(options, name) == parser.get_default(name) for name in vars(options))
    frames = set_up()
    results = []
    if {"latency", "overload"} & {*options.limits}:
        calm, work = latency(frames, options.seconds)
        results.append(calm)
    if "overload" in options.limits:
        results.append(overload(frames, work, options.seconds))
    if "memory" in options.limits:
        results.append(growth(frames, options.images))
    rows = [
        (
            one.name,
            f"{one.value:.1f}",
            f"{one.limit:.1f}",
            "yes" if one.kept else "no",
            one.details,
        )
        for one in results
    ]
    say_table(("", "measured", "limit", "kept", ""), rows)
    if whole:
        record.write(PUBLISHED, {**record.circumstances(), "limits": list(map(asdict, results))})
    return 0 if all(one.kept for one in results) else 1


def set_up() -> list[npt.NDArray[np.uint8]]:
    """
    Fetch and compile what is needed, and return the pictures of the film.

    :raises BenchError: if that fails.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in _MODELS:
        bundle(name, BUILD)
    try:
        face = read_image(prepare.fetch("faces") / "obama.jpg").data[60:460, 290:690, ::-1]
        video = prepare.fetch("opencv-samples") / "vtest.avi"
    except prepare.DemoError as error:
        raise BenchError(str(error)) from error
    for name, text in _PIPELINES.items():
        (BUILD / f"{name}.yaml").write_text(text)
    small = cv2.resize(np.ascontiguousarray(face), (200, 200), interpolation=cv2.INTER_AREA)
    source, frames = open_source(str(video), CameraRequest(loop=False)), []
    for number in range(_FRAMES):
        frame = source.read(0.0)
        assert isinstance(frame, Frame), "a video skips nothing"
        picture: Any = cv2.resize(np.asarray(frame.data), _SIZE, interpolation=cv2.INTER_AREA)
        picture[270:470, 10 + number : 210 + number] = small
        frames.append(picture)
    source.close()
    return frames


def film(frames: list[npt.NDArray[np.uint8]], rate: float) -> Path:
    """
    Write the pictures as a film of so many a second.

    They are not compressed, and it begins anew but seldom: a camera has its own processor, and
    here what a film costs would be taken from the robot's.
    """
    path = BUILD / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"I420"), rate, _SIZE)
    for frame in frames * _TURNS:
        writer.write(frame)
    writer.release()
    return path


def latency(frames: list[npt.NDArray[np.uint8]], seconds: float) -> tuple[Result, float]:
    """Measure how old decisions are at 10 images a second, and how long one is worked on [ms]."""
    note(f"{seconds} s: a detector and faces, {RATE:g} images a second")
    sights = look_on(film(frames, RATE), seconds)
    found = dict(zip(PERCENTILES, percentiles(one.age for one in sights), strict=True))
    details = ", ".join(f"p{percent} {value:.1f}" for percent, value in found.items())
    work = float(np.median([one.work for one in sights]))
    return Result("stamp to decision, p99 [ms]", found[99], LATENCY, details), work


def overload(frames: list[npt.NDArray[np.uint8]], work: float, seconds: float) -> Result:
    """
    Measure how old decisions are where images come five times as often as they are worked on.

    Of each decision's age that image's own work is taken off, and the time to the next image,
    until which it may have waited: what remains is the way to the outside.

    :param work: how long the robot works on an image [ms]
    """
    rate = 1e3 * TIMES / work
    note(f"{seconds} s: the same, {rate:.0f} images a second, one takes {work:.0f} ms")
    sights = look_on(film(frames, rate), seconds)
    ages = percentiles(one.age for one in sights)
    intervals = percentiles(one.interval for one in sights)
    details = (
        f"age p50 {ages[0]:.1f}, p99 {ages[-1]:.1f}; next image p50 {intervals[0]:.1f}, "
        f"p99 {intervals[-1]:.1f}; {len(sights) / seconds:.1f} a second"
    )
    late = percentiles(one.late for one in sights)[-1]
    return Result("age beyond the work and the next image, p99 [ms]", late, SLACK, details)


def growth(frames: list[npt.NDArray[np.uint8]], images: int) -> Result:
    """Measure by how much the robot's memory grows."""
    note(f"{images} images, {FAST:g} a second: memory")
    end = time.monotonic() + _LONGEST
    with running("small", film(frames, FAST)) as (heard, processes):
        sizes = []
        for count in range(_SETTLED, _SETTLED + images + 1, max(1, images // 10)):
            while len(heard.decided) < count:
                if time.monotonic() > end:
                    raise BenchError(f"{len(heard.decided)} images were seen in {_LONGEST:g} s")
                heard.listen(0.2)
            sizes.append(sum(map(memory, processes)))
    details = f"{sizes[0] / 1e6:.1f} MB after {_SETTLED} images, {sizes[-1] / 1e6:.1f} at the end"
    return Result(
        f"growth of memory over {images} images [MB]",
        (max(sizes) - sizes[0]) / 1e6,
        GROWTH / 1e6,
        details,
    )


@contextmanager
def running(pipeline: str, camera: Path) -> Iterator[tuple[Watcher, list[Process]]]:
    """Run the robot until it has decided on an image, and then on."""
    domain = any_domain()
    values: Mapping[str, str] = {"model": str(BUILD / f"{pipeline}.yaml"), "camera": str(camera)}
    log = BUILD / "robot.log"
    with (
        watcher(domain, images=True) as heard,
        robot(COMPOSED, values, domain, log) as processes,
    ):
        if not heard.first_decision(_START):
            check(processes, log)
            raise BenchError(f"no decision on an image within {_START:g} s, see {log}")
        yield heard, processes


def look_on(camera: Path, seconds: float) -> list[Sight]:
    """Return what a robot with detectors of things and faces decides on in so many seconds."""
    with running("both", camera) as (heard, _):
        heard.listen(3.0)  # it settles
        began = time.time_ns()
        heard.listen(seconds)
    sights = heard.sights(began)
    if not sights:
        raise BenchError(f"no decision on an image in {seconds:g} s, see {BUILD / 'robot.log'}")
    return sights


if __name__ == "__main__":
    sys.exit(run_alone(main))
