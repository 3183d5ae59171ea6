"""People that were followed, beside people that somebody marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge_perception.core.tracking.association import overlaps

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

OVERLAP = 0.5
"""Intersection over union from which a box is where it was marked."""


@dataclass(frozen=True)
class Mark:
    """
    Somebody in a picture, marked by hand.

    :ivar person: the same number in all pictures, as long as one is in sight.
    :ivar hidden: less than half of the person is seen.
    """

    person: int
    box: Box
    hidden: bool

    @property
    def height(self) -> float:
        """Return the height [pixel]."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True)
class Followed:
    """Somebody who is followed: the number of the track, and the box."""

    track: int
    box: Box


@dataclass(frozen=True)
class Score:
    """
    What became of the marks.

    :ivar marked: people of whom at least half is seen.
    :ivar found: those of them who were followed at the same place.
    :ivar false: people who were followed where nobody is marked.
    :ivar overlap: mean intersection over union of those found.
    :ivar switches: how often one was followed by another track than the last time.
    :ivar people: different people who were found at least once.
    """

    marked: int
    found: int
    false: int
    overlap: float
    switches: int
    people: int

    @property
    def recall(self) -> float:
        """Return the share of the marked that were found."""
        return self.found / self.marked if self.marked else 1.0

    @property
    def precision(self) -> float:
        """Return the share of the followed who are there."""
        return self.found / (self.found + self.false) if self.found else 0.0


def read_marks(path: Path) -> dict[int, list[Mark]]:
    """Return the marks in a file by the number of the picture, from 0."""
    marks: dict[int, list[Mark]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            left, top, right, bottom = (
                float(row[key]) for key in ("left", "top", "right", "bottom")
            )
            mark = Mark(int(row["person"]), (left, top, right, bottom), row["hidden"] == "1")
            marks.setdefault(int(row["frame"]), []).append(mark)
    return marks


def score(
    marks: Mapping[int, Sequence[Mark]],
    seen: Mapping[int, Sequence[Followed]],
    heights: tuple[float, float] = (0.0, np.inf),
) -> Score:
    """
    Compare what was followed with the marks, picture by picture.

    :param seen: by the number of the picture.
    :param heights: of those who count, from and below [pixel]; whoever is followed at another
        mark is not false for it.
    """
    marked = found = false = switches = 0
    shares: list[float] = []
    before: dict[int, int] = {}
    for number in sorted(marks):
        here, followed = marks[number], seen.get(number, ())
        pairs = _pairs(here, followed)
        false += len(followed) - len(pairs)
        for index, mark in enumerate(here):
            if not heights[0] <= mark.height < heights[1]:
                continue
            counts = not mark.hidden
            marked += counts
            if index not in pairs:
                continue
            other, share = pairs[index]
            found += counts
            shares += [share] * counts
            track = followed[other].track
            switches += before.get(mark.person, track) != track
            before[mark.person] = track
    mean = float(np.mean(shares)) if shares else 0.0
    return Score(marked, found, false, mean, switches, len(before))


def _pairs(marks: Sequence[Mark], seen: Sequence[Followed]) -> dict[int, tuple[int, float]]:
    """Return who was followed where somebody is marked, and how well, by the mark's index."""
    if not marks or not seen:
        return {}
    shares = overlaps(np.array([mark.box for mark in marks]), np.array([one.box for one in seen]))
    rows, columns = linear_sum_assignment(-np.where(shares >= OVERLAP, shares, 0.0))
    return {
        int(row): (int(column), float(shares[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if shares[row, column] >= OVERLAP
    }
