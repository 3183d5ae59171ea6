"""A robot of one's own to begin with: graph, rules, a bag and a test of them, by templates."""

from __future__ import annotations

from pathlib import Path
import re
import shutil
import tempfile

import numpy as np

from edge_perception import messages
from edge_perception.bags.record import Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.image import to_message
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages import Message
from edge_perception.messages.types import Detection, DetectionArray, Header
from edge_perception.robot.plan import RequestError
from edge_perception.share import share_dir

_NAME = re.compile(r"[a-z](_?[a-z0-9])+")  # of REP 144
_PLACEHOLDER = "my_robot"
_UNMADE = ".in"
"""Behind the name of a template that is no file of ours, which linters would take it for."""
_BEGIN = 1_767_225_600 * SECOND
_SECONDS, _RATE = 6.0, 10
_PERSON = (2.0, 4.0)
"""From when to when one is said to be there [s], as test/bags/example.labels.yaml has it."""
_LATE = 10_000_000
"""From a picture to what was seen in it [ns]."""
_WIDTH, _HEIGHT = 64, 48


def make(folder: Path, ros: bool) -> None:
    """
    Make it: all of it or nothing.

    :param folder: whose name is the robot's; it must not be there yet.
    :param ros: make a package of ROS 2.
    :raises RequestError: if the name is none, or the folder is there or can't be made.
    :raises BagError: if the disk is full.
    """
    name = folder.name
    if not _NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} is no name of a robot: lower-case letters, digits and single underscores, "
            "such as my_robot"
        )
    if folder.exists():
        raise RequestError(f"{folder} is there already: choose another name")
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}.") as part:
            made = Path(part) / name
            _fill(made, name, ros)
            made.rename(folder)
    except OSError as error:
        raise RequestError(f"{folder} can't be made: {error.strerror}") from error


def _fill(folder: Path, name: str, ros: bool) -> None:
    """Write the files: those of all robots, of its kind, and those of this version as they are."""
    templates = share_dir() / "templates"
    for kind in ("robot", "ros" if ros else "plain"):
        for file in (templates / kind).rglob("*"):
            if file.is_file():
                place = str(file.relative_to(templates / kind)).replace(_PLACEHOLDER, name)
                target = folder / re.sub("^_", ".", place).removesuffix(_UNMADE)
                target.parent.mkdir(parents=True, exist_ok=True)
                text = file.read_text(encoding="utf-8")
                target.write_text(text.replace(_PLACEHOLDER, name), encoding="utf-8")
    shutil.copyfile(share_dir() / "config" / "robot.yaml", folder / "config" / "robot.yaml")
    _write_bag(folder / "test" / "bags" / "example.mcap")


def _write_bag(path: Path) -> None:
    """Write a bag in which a person comes and goes, without a picture of it."""
    facts = {"made by": "edge-robot new", "composite": "nothing was recorded"}
    pixels = np.full((_HEIGHT, _WIDTH, 3), 127, np.uint8)
    with BagWriter(path, facts) as writer:
        for index in range(round(_SECONDS * _RATE)):
            stamp = _BEGIN + index * SECOND // _RATE
            header = Header(stamp=to_time(stamp), frame_id="camera")
            seen = DetectionArray(header=header, image_width=_WIDTH, image_height=_HEIGHT)
            if _PERSON[0] <= index / _RATE < _PERSON[1]:
                person = Detection(label="person", score=0.9, has_box=True, track_id=-1)
                person.x, person.y, person.width, person.height = 24.0, 8.0, 16.0, 36.0
                seen.detections = [person]
            said: list[tuple[str, Message]] = [
                ("/camera/image_raw", to_message(pixels, "bgr8", header)),
                ("/detections", seen),
            ]
            for after, (topic, message) in enumerate(said):
                where = Topic(topic, message.__msgtype__)
                writer.write(stamp + after * _LATE, where, messages.serialize(message))
