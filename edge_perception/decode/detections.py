"""What a model saw in one image, as arrays: the same for every decoder and stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Detections:
    """
    N things, by falling score. What a model does not tell of them is None.

    :ivar labels: text of the class of each.
    :ivar classes: index of the class in the model's list of labels [N]; -1: none.
    :ivar scores: 0 to 1 [N].
    :ivar boxes: left, top, right and bottom edge in pixels of the image [N, 4].
    :ivar landmarks: x and y of K points in pixels of the image [N, K, 2].
    :ivar embeddings: a vector of each; an array [N, D] where all have the same length.
    """

    labels: tuple[str, ...] = ()
    classes: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    scores: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    boxes: Floats | None = None
    landmarks: Floats | None = None
    embeddings: Sequence[Floats] | Floats | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.labels)
