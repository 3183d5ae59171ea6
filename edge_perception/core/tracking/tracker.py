"""
Gives the same thing the same number in successive images.

As ByteTrack does it (Zhang et al., 2022): tracks are first matched with the detections of high
score; those that found none, and were seen in the image before, then with those of low score,
which may be the same, half hidden. Only what has a high score begins a track, and it is given a
number when it is seen again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from edge_perception.core.stamps import SECOND
from edge_perception.core.tracking.association import Array, matches, overlaps, Rows
from edge_perception.core.tracking.box_filters import BoxFilters
from edge_perception.core.tracking.track import Track

_SMALLEST, _FARTHEST = 1e-3, 1e5  # [pixel]; boxes beyond are none of a camera's


@dataclass(frozen=True)
class TrackerSettings:
    """
    How things are followed.

    :ivar high: the score from which a detection begins a track.
    :ivar low: the score below which a detection is no sign of anything.
    :ivar overlap: intersection over union above which a track and a detection can be the same.
    :ivar low_overlap: the same for detections of low score.
    :ivar patience: for which a track that is not seen is kept [ns].
    :ivar most: tracks, and detections in an image, that are followed; those of the highest scores.
    """

    high: float = 0.5
    low: float = 0.1
    overlap: float = 0.2
    low_overlap: float = 0.5
    patience: int = SECOND
    most: int = 300


@dataclass
class _Life:
    """A track beside its filter: ``number`` is 0 until it is seen for the second time."""

    label: str
    begun: int
    seen: int
    number: int = 0


@dataclass(frozen=True, eq=False)
class _Seen:
    """
    What a detector found in an image.

    :ivar usable: the indices of those that can be followed, the highest scores first.
    """

    boxes: Array
    scores: Array
    labels: Sequence[str]
    usable: Rows


class Tracker:
    """
    Follows what is seen.

    :ivar lost: the tracks that are kept but not seen in the newest image.
    :ivar restarted: why the newest image began anew; empty if it went on from the one before.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        """Begin without tracks."""
        self._settings = settings or TrackerSettings()
        self._numbers = count(1)
        self._stamp = 0
        self._forget()
        self.lost: Sequence[Track] = ()
        self.restarted = ""

    def update(
        self,
        boxes: npt.ArrayLike,
        scores: npt.ArrayLike,
        labels: Sequence[str],
        size: tuple[int, int],
        stamp: int,
        camera: Array | None = None,
    ) -> list[Track | None]:
        """
        Return the track of each detection of an image; None if it has none.

        One that can't be (not finite, empty, too far away) has none. An image with the stamp of
        the one before is that image once more: nothing is learned from it.

        :param boxes: left, top, right, bottom in pixels [N, 4].
        :param scores: 0 to 1 [N].
        :param labels: of the class of each; only the same is matched.
        :param size: width and height of the image.
        :param stamp: when it was taken [ns]; more than 0.
        :param camera: if it is known, how the camera moved: the homography from points of the
            image before to those of this one [3, 3].
        """
        self._pass_time(stamp, camera)
        seen = self._look(np.asarray(boxes, float).reshape(-1, 4), scores, labels)
        found = [-1] * len(seen.boxes)
        for row, index in self._associate(seen):
            found[index] = row
        is_new = stamp != self._stamp
        if is_new:
            self._learn(found, seen, size, stamp)
            self._stamp = stamp
        tracks = self._tracks()
        here = {row for row in found if row >= 0}
        self.lost = [track for row, track in enumerate(tracks) if track and row not in here]
        if is_new:
            self._bury(here)
        return [tracks[row] if row >= 0 else None for row in found]

    def _forget(self) -> None:
        self._filters = BoxFilters()
        self._lives: list[_Life] = []

    def _pass_time(self, stamp: int, camera: Array | None) -> None:
        """Predict the tracks to the time of a new image, or begin anew if that can't be."""
        passed = stamp - self._stamp
        self.restarted = ""
        if self._stamp and passed < 0:
            self.restarted = f"the images' time jumped back by {-passed / SECOND:.3f} s"
        elif self._lives and passed > self._settings.patience:
            self.restarted = f"no image came for {passed / SECOND:.3f} s"
        if self.restarted:
            self._forget()
        elif self._lives and passed:
            self._filters.predict(passed / SECOND)
            if camera is not None:
                self._filters.move(camera)

    def _look(self, boxes: Array, scores: npt.ArrayLike, labels: Sequence[str]) -> _Seen:
        """Choose the detections that can be followed."""
        strength = np.asarray(scores, float)
        with np.errstate(invalid="ignore"):
            extent = boxes[:, 2:] - boxes[:, :2]
            there = (np.abs(boxes) <= _FARTHEST).all(axis=1) & (extent >= _SMALLEST).all(axis=1)
            usable = np.flatnonzero(there & (strength >= self._settings.low))
        usable = usable[np.argsort(-strength[usable], kind="stable")][: self._settings.most]
        return _Seen(boxes, strength, labels, usable)

    def _associate(self, seen: _Seen) -> list[tuple[int, int]]:
        """Return the pairs of a track and a detection."""
        settings, lives = self._settings, self._lives
        chosen = seen.usable
        if not lives or not len(chosen):
            return []
        own = np.array([life.label for life in lives])
        other = np.array([seen.labels[index] for index in chosen])
        alike = overlaps(self._filters.boxes(), seen.boxes[chosen]) * (
            own[:, None] == other[None, :]
        )
        high = seen.scores[chosen] >= settings.high
        known = np.array([life.number > 0 for life in lives])
        recent = np.array([life.seen == self._stamp for life in lives])
        free_rows, free_columns = np.ones(len(lives), bool), np.ones(len(chosen), bool)
        pairs: list[tuple[int, int]] = []
        for rows, columns, least in (
            (known, high, settings.overlap),
            (known & recent, ~high, settings.low_overlap),
            (~known, high, settings.overlap),
        ):
            candidates = np.flatnonzero(rows & free_rows)
            offers = np.flatnonzero(columns & free_columns)
            taken, matched = matches(alike[np.ix_(candidates, offers)], least)
            free_rows[candidates[taken]] = free_columns[offers[matched]] = False
            pairs += zip(candidates[taken].tolist(), chosen[offers[matched]].tolist(), strict=True)
        return pairs

    def _learn(self, found: list[int], seen: _Seen, size: tuple[int, int], stamp: int) -> None:
        """Correct the tracks that are seen, and begin those that are new, completing ``found``."""
        usable = seen.usable.tolist()
        indices = np.array([index for index in usable if found[index] >= 0], np.intp)
        rows = np.array([found[index] for index in indices], np.intp)
        self._filters.update(rows, seen.boxes[indices], size)
        for row in rows:
            life = self._lives[row]
            life.seen = stamp
            life.number = life.number or next(self._numbers)
        room = max(self._settings.most - len(self._lives), 0)
        strong = [index for index in usable if seen.scores[index] >= self._settings.high]
        new = [index for index in strong if found[index] < 0][:room]
        self._filters.add(seen.boxes[new])
        for index in new:
            found[index] = len(self._lives)
            self._lives.append(_Life(seen.labels[index], stamp, stamp))

    def _tracks(self) -> list[Track | None]:
        """Return all tracks as they stand now; None for those without a number yet."""
        boxes = self._filters.boxes().tolist()
        growth, deviation = (values.tolist() for values in self._filters.growth())
        return [
            Track(
                life.number,
                life.label,
                tuple(boxes[row]),
                (self._stamp - life.begun) / SECOND,
                (self._stamp - life.seen) / SECOND,
                growth[row],
                deviation[row],
            )
            if life.number
            else None
            for row, life in enumerate(self._lives)
        ]

    def _bury(self, seen: set[int]) -> None:
        """End tracks that are not seen for long, and those that were seen only once."""
        oldest = self._stamp - self._settings.patience
        rows = [
            row
            for row, life in enumerate(self._lives)
            if row in seen or (life.number and life.seen > oldest)
        ]
        if len(rows) < len(self._lives):
            self._filters.keep(np.array(rows, np.intp))
            self._lives = [self._lives[row] for row in rows]
