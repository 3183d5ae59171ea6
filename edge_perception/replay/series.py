"""What is kept of every picture and pose of a bag: numbers in arrays, a few bytes of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Sides = tuple[float, float, float, float]
"""Left, top, width, height [pixel]."""
Pose = tuple[float, float, float, float, float, float, float, float]
"""Seconds since the bag began, place x, y, z [m], orientation x, y, z, w."""


@dataclass(frozen=True)
class Seen:
    """
    What was seen in a picture.

    :ivar time: of the picture, seconds since the bag began.
    :ivar things: label and box (None: it has none) of each.
    """

    time: float
    things: tuple[tuple[str, Sides | None], ...]


class Pictures:
    """What was seen in each: 16 bytes a picture, 4 a thing, and as a message has it, 16 a box."""

    def __init__(self, pictures: Iterable[Seen] = ()) -> None:
        """Begin with some."""
        self._times = array("d")
        self._things = array("i")  # twice the number of the label, one more if there is a box
        self._boxes = array("f")
        self._ends = array("i", (0, 0))  # of things and of boxes, picture by picture
        self._labels: dict[str, int] = {}
        for one in pictures:
            self.append(one)

    def append(self, seen: Seen) -> None:
        """Keep what was seen in the next one."""
        self._times.append(seen.time)
        for label, box in seen.things:
            number = self._labels.setdefault(label, len(self._labels))
            self._things.append(2 * number + (box is not None))
            self._boxes.extend(box or ())
        self._ends.extend((len(self._things), len(self._boxes)))

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._times)

    def __iter__(self) -> Iterator[Seen]:
        """Yield what was seen, picture by picture."""
        labels = list(self._labels)
        for index, time in enumerate(self._times):
            thing, box, thing_end, _ = self._ends[2 * index : 2 * index + 4]
            things: list[tuple[str, Sides | None]] = []
            for one in self._things[thing:thing_end]:
                if one % 2:
                    left, top, width, height = self._boxes[box : box + 4]
                    things.append((labels[one // 2], (left, top, width, height)))
                    box += 4
                else:
                    things.append((labels[one // 2], None))
            yield Seen(time, tuple(things))


class Track:
    """A path: 64 bytes a pose."""

    def __init__(self, poses: Iterable[Pose] = ()) -> None:
        """Begin with some."""
        self._numbers = array("d")
        for one in poses:
            self.append(one)

    def append(self, pose: Pose) -> None:
        """Go on."""
        self._numbers.extend(pose)

    def __len__(self) -> int:
        """Return how many poses there are."""
        return len(self._numbers) // 8

    def rows(self) -> Points:
        """Return the poses [N, 8]."""
        return np.array(self._numbers).reshape(-1, 8)
