"""Photographs of faces: who is like whom, and for whom a door opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.cache import BenchError
from edge_perception.core.stamps import SECOND
from edge_perception.demo import prepare
from edge_perception.demo.door import Door
from edge_perception.demo.offline import OfflineRobot
from edge_perception.drivers.images import read_image

PEOPLE = {
    "obama.jpg": ("Obama",),
    "obama2.jpg": ("Obama",),
    "obama3.jpg": ("Obama",),
    "obama_partial_face.jpg": ("Obama",),
    "obama_partial_face2.jpg": ("Obama",),
    "biden.jpg": ("Biden",),
    "astronaut.png": ("Collins",),
    "messi5.jpg": ("Messi",),
    "left06.jpg": ("a man at a computer",),
    "basketball1.png": ("the left player", "the right player"),
    "basketball2.png": ("the left player", "the right player"),
}
"""Who is on a photograph, from left to right."""

_PIPELINE = """\
version: 1
stages:
  - {{kind: detect, model: {faces}}}
  - {{kind: align}}
  - {{kind: embed, model: {descriptor}}}
"""


@dataclass(frozen=True, eq=False)
class Face:
    """
    A face on a photograph.

    :ivar box: left, top, right, bottom in pixels.
    :ivar embedding: of length 1.
    """

    person: str
    picture: str
    box: tuple[float, float, float, float]
    embedding: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """Two faces on different photographs, and the cosine distance of their embeddings."""

    one: str
    other: str
    same: bool
    distance: float


@dataclass(frozen=True)
class Trial:
    """An owner known by one photograph, another photograph, and whether the door opened."""

    owner: str
    picture: str
    same: bool
    opened: bool


def photographs() -> list[Path]:
    """Return the photographs, fetched if need be."""
    folders = prepare.fetch("faces"), prepare.fetch("opencv-samples"), prepare.picture("")
    paths = [folder / name for name in PEOPLE for folder in folders]
    return [path for path in paths if path.is_file()]


def look(pictures: Sequence[Path], faces: Path, descriptor: Path) -> list[Face]:
    """
    Return all faces on photographs.

    :param faces: the bundle of a model that finds them.
    :param descriptor: one of a model that embeds them, in the same folder.
    :raises BenchError: if others are seen than are there.
    """
    pipeline = faces.with_name("faces.yaml")
    pipeline.write_text(_PIPELINE.format(faces=faces.name, descriptor=descriptor.name))
    robot, found = OfflineRobot(pipeline), []
    for number, picture in enumerate(pictures, start=1):
        seen = robot.see(read_image(picture), 1000 * number * SECOND).detections.detections
        seen.sort(key=lambda one: one.x)
        people = PEOPLE[picture.name]
        if len(seen) != len(people):
            raise BenchError(f"{len(seen)} faces are seen on {picture}, there are {len(people)}")
        for person, one in zip(people, seen, strict=True):
            box = (one.x, one.y, one.x + one.width, one.y + one.height)
            found.append(Face(person, picture.name, box, np.array(one.embedding)))
    robot.close()
    return found


def pairs(faces: Sequence[Face]) -> list[Pair]:
    """Return all pairs of faces on different photographs."""
    return [
        Pair(
            f"{one.person} ({one.picture})",
            f"{other.person} ({other.picture})",
            one.person == other.person,
            float(1 - one.embedding @ other.embedding),
        )
        for one, other in combinations(faces, 2)
        if one.picture != other.picture
    ]


def trials(pictures: Sequence[Path], door: Door) -> list[Trial]:
    """Show a door whose owner is on one photograph all others, for each with one face."""
    done = []
    for picture in pictures:
        if len(PEOPLE[picture.name]) > 1:
            continue
        [owner] = PEOPLE[picture.name]
        door.enrol([picture])
        for visit in door.visits([other for other in pictures if other != picture]):
            same = owner in PEOPLE[visit.picture.name]
            opened = visit.opened is not None
            done.append(Trial(f"{owner} ({picture.name})", visit.picture.name, same, opened))
    return done
