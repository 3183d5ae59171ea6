"""A camera that gives the same picture again and again, whatever time it stamps on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_perception.core.stamps import SECOND

_SAMPLE = 4096  # bytes from one that is compared first to the next
_STILL = 2 * SECOND  # for which images may be the same, if nobody says for how long
_FEW = 5  # images that may be the same, however long they take


class FrozenImages:
    """
    Notices images that stay the same to the last bit.

    No camera's do: its sensor has noise. A picture that is shown as if by a camera does.

    :ivar withholds: whether such images must not be looked at.
    """

    def __init__(self, after: float) -> None:
        """
        Begin without an image.

        :param after: seconds after which such images must not be looked at; 0: they may.
        """
        self.withholds = after > 0
        self._after = round(after * SECOND) or _STILL
        self._data: npt.NDArray[np.uint8] = np.empty(0, np.uint8)
        self._since = self._count = 0

    def look(self, data: npt.NDArray[np.uint8], now: int) -> str:
        """
        Return what is wrong with an image, empty if nothing is.

        :param data: of the image, which must not change later.
        :param now: ROS time [ns].
        """
        before, self._data = self._data, data
        self._count += 1
        if now < self._since or not _same(before, data):
            self._since, self._count = now, 1
        still = now - self._since
        if still < self._after or self._count <= _FEW:
            return ""
        said = f"the images have been the same for {still / SECOND:.1f} s"
        if self.withholds:
            return f"{said}: the camera is frozen; start it anew"
        return (
            f"{said}; if they are a camera's, it is frozen: set the parameter frozen_after, and "
            "such images give no results"
        )


def _same(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    if len(one) != len(other) or not np.array_equal(one[::_SAMPLE], other[::_SAMPLE]):
        return False
    return bool(np.array_equal(one, other))
