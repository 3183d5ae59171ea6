"""What a model saw in one image, as arrays: the same for every decoder and stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Attribute:
    """
    What a stage says of a thing.

    :ivar stage: its name.
    :ivar model: name of its model; empty if it has none.
    :ivar label: text of the class.
    :ivar class_id: index in the stage's list of labels; -1: none of them.
    :ivar score: 0 to 1.
    """

    stage: str
    model: str
    label: str
    class_id: int
    score: float


@dataclass(frozen=True)
class Tracked:
    """
    The track of a thing: the same in successive images.

    :ivar number: at least 1.
    :ivar age: since it was seen first [s].
    :ivar time_to_contact: until the camera reaches it [s]; infinity: not known to come nearer.
    :ivar growth: share of its size by which it grows in a second [1/s].
    :ivar deviation: of the growth.
    """

    number: int
    age: float
    time_to_contact: float
    growth: float
    deviation: float


@dataclass(frozen=True)
class Lost:
    """
    A thing that was seen before, and is followed without being seen.

    :ivar number: of its track.
    :ivar label: text of its class.
    :ivar box: left, top, right, bottom in pixels of the image, where it should be by now.
    :ivar age: since it was seen first [s].
    :ivar unseen: since it was seen last [s].
    """

    number: int
    label: str
    box: tuple[float, float, float, float]
    age: float
    unseen: float


@dataclass(frozen=True)
class Placed:
    """
    Where a thing is in a frame of the robot.

    :ivar frame: its name.
    :ivar position: x ahead, y to the left, z up [m].
    :ivar covariance: of x and y, row by row [m^2].
    :ivar deviation: standard deviation of the distance from the origin [m].
    :ivar source: what it was told by.
    """

    frame: str
    position: tuple[float, float, float]
    covariance: tuple[float, float, float, float]
    deviation: float
    source: str


@dataclass(frozen=True, eq=False)
class Detections:
    """
    N things, by falling score. What no model tells of them is None.

    :ivar labels: text of the class of each.
    :ivar classes: index of the class in the model's list of labels [N]; -1: none.
    :ivar scores: 0 to 1 [N].
    :ivar boxes: left, top, right and bottom edge in pixels of the image [N, 4].
    :ivar landmarks: x and y of K points in pixels of the image [N, K, 2].
    :ivar embeddings: a vector of each, empty if it has none; an array [N, D] where all have the
        same length.
    :ivar regions: affine maps from the unit square to the image [N, 2, 3], which turn and scale
        each thing as a model wants to see it; NaN where there is none.
    :ivar attributes: what stages say of each, N tuples.
    :ivar landmark_scores: how sure each point is, 0 to 1 [N, K].
    :ivar masks: which part of its box each is: bool [h, w], spread evenly over the box.
    :ivar tracks: of each, N; None if it has none.
    :ivar places: of each, N; None if it isn't known.
    :ivar lost: what was seen before and isn't among the N things.
    """

    labels: tuple[str, ...] = ()
    classes: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    scores: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    boxes: Floats | None = None
    landmarks: Floats | None = None
    embeddings: Sequence[Floats] | Floats | None = None
    regions: npt.NDArray[np.float64] | None = None
    attributes: Sequence[tuple[Attribute, ...]] = ()
    landmark_scores: Floats | None = None
    masks: Sequence[Mask] | None = None
    tracks: Sequence[Tracked | None] = ()
    places: Sequence[Placed | None] = ()
    lost: Sequence[Lost] = ()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.labels)

    def indices(self) -> Indices:
        """Return the numbers of all things, those with the highest scores first."""
        return np.arange(len(self), dtype=np.intp)

    def with_attributes(self, said: Mapping[int, Attribute]) -> Detections:
        """
        Return the same things with more said of some.

        :param said: by index of the thing.
        """
        before = self.attributes or ((),) * len(self)
        more = [(*old, said[i]) if i in said else old for i, old in enumerate(before)]
        return replace(self, attributes=tuple(more))
