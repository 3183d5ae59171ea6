"""A simulated camera that looks at people who walk: boxes whose owners are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

SIZE = (640, 480)
FOCAL = 500.0
RATE = 10  # images a second
STEP = 10**9 // RATE
START = 1_000 * 10**9


@dataclass(frozen=True)
class Walker:
    """Somebody 0.5 m wide and 1.7 m high: where to the right and how far ahead after t seconds."""

    right: Callable[[float], float]
    ahead: Callable[[float], float] = lambda t: 8.0
    label: str = "person"

    def box(self, t: float) -> tuple[float, float, float, float]:
        x, z = self.right(t), self.ahead(t)
        left, right = (SIZE[0] / 2 + FOCAL * (x + side) / z for side in (-0.25, 0.25))
        top, bottom = (SIZE[1] / 2 + FOCAL * side / z for side in (-0.7, 1.0))
        return left, top, right, bottom


@dataclass
class View:
    """What a detector makes of an image, and whose box each is: -1 if nobody's."""

    stamp: int
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


def views(
    walkers: Sequence[Walker],
    seconds: float,
    seed: int = 0,
    missed: float = 0.0,
    false: float = 0.0,
    noise: float = 0.03,
) -> Iterator[View]:
    """
    Yield what is seen, ``RATE`` times a second.

    Who is more than half hidden by somebody nearer has a low score, who is hidden by 80 % none.

    :param missed: share of the boxes that are not found.
    :param false: boxes of nobody in an image, on average.
    :param noise: deviation of each edge in sizes of the box.
    """
    random = np.random.default_rng(seed)
    for number in range(round(seconds * RATE)):
        t = number / RATE
        view = View(START + number * STEP)
        true = [walker.box(t) for walker in walkers]
        for owner, box in enumerate(true):
            nearer = [other for other in true if other[3] > box[3]]
            hidden = max((covered(box, other) for other in nearer), default=0.0)
            if hidden > 0.8 or random.random() < missed:
                continue
            size = np.sqrt((box[2] - box[0]) * (box[3] - box[1]))
            view.boxes.append(tuple(np.array(box) + random.normal(0, noise * size, 4)))
            view.scores.append(0.3 if hidden > 0.5 else float(random.uniform(0.6, 0.95)))
            view.labels.append(walkers[owner].label)
            view.owners.append(owner)
        for _ in range(random.poisson(false)):
            x, y = random.uniform(0, SIZE[0] - 60), random.uniform(0, SIZE[1] - 150)
            view.boxes.append((x, y, x + 50, y + 140))
            view.scores.append(float(random.uniform(0.3, 0.7)))
            view.labels.append("person")
            view.owners.append(-1)
        yield view


def covered(box: tuple[float, ...], by: tuple[float, ...]) -> float:
    """Return which share of a box another covers."""
    width = min(box[2], by[2]) - max(box[0], by[0])
    height = min(box[3], by[3]) - max(box[1], by[1])
    return max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))
