"""People in a video: followed, in a zone or not, and what the robot decides; as a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console
from rich.progress import track

from edge_perception.core.decision import rules
from edge_perception.core.decision.zones import Zone
from edge_perception.core.source import CameraRequest, Frame, SourceError
from edge_perception.core.stamps import SECOND
from edge_perception.demo.offline import OfflineRobot
from edge_perception.demo.prepare import DemoError
from edge_perception.drivers import open_source
from edge_perception.drivers.pixels import opencv
from edge_perception.files import read_file
from edge_perception.messages.types import DetectionArray
from edge_perception.views.annotation import annotate
from edge_perception.views.picture import contact_sheet

PICTURES = 300
"""Of the video, 10 a second."""
PERSON = "person"
_SHEET = 5  # of them
_WIDTH = 480  # of those [pixel]
_START = 1_000 * SECOND
_PIPELINE = """\
version: 1
stages:
  - {kind: detect, model: nanodet.edge}
  - {kind: track}
"""
_PEOPLE = 5  # at least, in the video
_RULES = """\
version: 1
timeout: {detections: 0.5}
zones:
  crossing: {image: [[0.62, 0.42], [0.84, 0.45], [0.82, 0.61], [0.61, 0.52]]}
actions:
  go:   {limit: {linear: 1.0, angular: 1.5}}
  slow: {limit: {linear: 0.3, angular: 0.5}}
  stop: {limit: {linear: 0.0, angular: 0.0}}
default: go
safe: stop
rules:
  - {name: somebody on the crossing, when: {label: person, zone: crossing}, action: stop, release: 5 of 5}
  - {name: people, when: {label: person, score: 0.5, height: 0.18}, action: slow, after: 2 of 3}
"""  # noqa: E501 - a rule is a line


def write_film(video: Path, detector: Path, folder: Path, console: Console) -> dict[str, str]:
    """
    Show a video to the robot, and write what it sees and decides as a film and as a sheet.

    :param detector: the bundle of a model that finds people.
    :param folder: in which the files are written.
    :returns: the facts, and where film and sheet are.
    :raises DemoError: if the video can't be read, or the film not be written.
    """
    pipeline, rule_file = detector.with_name("people.yaml"), detector.with_name("street.yaml")
    pipeline.write_text(_PIPELINE.replace("nanodet.edge", detector.name), "utf-8")
    rule_file.write_text(_RULES, "utf-8")
    zones = list(rules.load(rule_file, read_file).zones.values())
    robot = OfflineRobot(pipeline, rule_file, min_score=0.1)
    try:
        pictures, facts = _watch(video, robot, zones, folder / "film.mp4", console)
    finally:
        robot.close()
    if int(facts["people followed"]) < _PEOPLE or facts["times stopped"] == "0":
        raise DemoError(f"the robot did not see what {video} shows: {facts}")
    sheet = folder / "film.png"
    contact_sheet(pictures, "What the robot decided", facts).save(sheet)
    return {**facts, "film": str(folder / "film.mp4"), "contact sheet": str(sheet)}


def _watch(
    video: Path, robot: OfflineRobot, zones: Sequence[Zone], film: Path, console: Console
) -> tuple[list[Image.Image], dict[str, str]]:
    """Write the film; return some of its pictures, and facts of it."""
    try:
        source = open_source(str(video), CameraRequest(loop=False))
    except SourceError as error:
        raise DemoError(str(error)) from error
    partial = film.with_suffix(".part.mp4")
    writer: Any = None
    kept: list[Image.Image] = []
    numbers: set[int] = set()
    changes: list[str] = []
    try:
        for index in track(range(PICTURES), "film    ", console=console, transient=True):
            frame = source.read(0.0)
            assert isinstance(frame, Frame), "a video skips nothing"
            seen = robot.see(frame, _START + round(index * SECOND / source.rate))
            people = _followed(seen.detections)
            pixels = annotate(seen.image, people, seen.decision, 0, zones)
            writer = writer or _writer(partial, source.rate, pixels)
            writer.write(np.ascontiguousarray(pixels[:, :, ::-1]))
            numbers |= {one.track_id for one in people.detections}
            deed = "safe" if seen.decision.safe else seen.decision.action
            if not changes or changes[-1] != deed:
                changes.append(deed)
            if index % (PICTURES // _SHEET) == PICTURES // _SHEET // 2:
                kept.append(_small(pixels))
    finally:
        source.close()
        if writer is not None:
            writer.release()
    partial.replace(film)
    stops = changes.count("stop")
    return kept, {
        "pictures": f"{PICTURES}, {source.rate:g} a second",
        "people followed": str(len(numbers)),
        "times stopped": str(stops),
    }


def _followed(seen: DetectionArray) -> DetectionArray:
    """Return what is worth a look: people with a track, and those that are lost for a while."""
    return DetectionArray(
        header=seen.header,
        image_width=seen.image_width,
        image_height=seen.image_height,
        detections=[one for one in seen.detections if one.label == PERSON and one.track_id > 0],
        lost=[one for one in seen.lost if one.label == PERSON],
    )


def _writer(path: Path, rate: float, pixels: npt.NDArray[np.uint8]) -> Any:
    cv2 = opencv()
    height, width = pixels.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    if not writer.isOpened():
        raise DemoError(f"OpenCV can't write {path}; pip install opencv-python-headless")
    return writer


def _small(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    photo = Image.fromarray(pixels)
    height = round(photo.height * _WIDTH / photo.width)
    return photo.resize((_WIDTH, height), Image.Resampling.LANCZOS)
