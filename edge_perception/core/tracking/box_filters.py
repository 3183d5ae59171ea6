"""
Kalman filters of boxes that move and grow at constant rates.

The state of a box is its centre x, y in pixels and the logarithms of its width and height, each
with its rate per second. What is measured and what is unknown of the motion scale with the box, so
the same numbers fit things near and far. The rate of a logarithm is that of an approach: a thing
at the distance Z that comes nearer at the speed V grows by V/Z of its size, and is reached after
Z/V. As Z becomes less, that rate rises; while the thing is out of sight it fades, since what is
not measured would soon fill the image.

The four numbers are independent: each has a covariance of 2 x 2. Those of x and y are the same
unless the box is cut off at an edge, so a camera that turns or zooms keeps or scales them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

# standard deviations; those of x and y in sizes of the box, sqrt(width * height)
_MEASURED = np.array([0.06, 0.06, 0.06, 0.06])
_FIRST_RATE = np.array([2.0, 2.0, 0.5, 0.5])  # [1/s], of things that were never seen before
_UNREST = np.array([1.0, 1.0, 0.2, 0.2])  # that a rate changes by in a second [1/s]
_CUT = 10.0  # factor on what is measured of a side that ends at the image's edge
_LARGEST = np.log(1e5)  # [pixel]
_SHRINKING = 0.5, 2.0  # what a distance is at least and at most multiplied by in a step
_MEMORY = 0.3  # seconds in which the rate of a size fades to a third, of what is out of sight
_NEAREST = 0.1  # share of its depth that is left of a point when the camera turns away


class BoxFilters:
    """
    N filters, as arrays.

    :ivar mean: value and rate of x, y, log width, log height [N, 4, 2].
    :ivar covariance: of value and rate [N, 4, 2, 2].
    :ivar unseen: which were not measured the last time [N].
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.mean: Array = np.empty((0, 4, 2))
        self.covariance: Array = np.empty((0, 4, 2, 2))
        self.unseen: npt.NDArray[np.bool_] = np.empty(0, np.bool_)

    def add(self, boxes: Array) -> None:
        """Begin a filter for each box: left, top, right, bottom in pixels [N, 4]."""
        measured = _measurements(boxes)
        scale = _scales(measured)
        mean = np.zeros((len(boxes), 4, 2))
        mean[:, :, 0] = measured
        covariance = np.zeros((len(boxes), 4, 2, 2))
        covariance[:, :, 0, 0] = (scale * _MEASURED) ** 2
        covariance[:, :, 1, 1] = (scale * _FIRST_RATE) ** 2
        self.mean = np.concatenate([self.mean, mean])
        self.covariance = np.concatenate([self.covariance, covariance])
        self.unseen = np.concatenate([self.unseen, np.zeros(len(boxes), np.bool_)])

    def keep(self, rows: Rows) -> None:
        """Leave out all but these."""
        self.mean, self.covariance = self.mean[rows], self.covariance[rows]
        self.unseen = self.unseen[rows]

    def predict(self, seconds: float) -> None:
        """Let time go on."""
        unrest = (_scales(self.mean[:, :, 0]) * _UNREST) ** 2
        noise = np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
        left = (1 - self.mean[:, 2:, 1] * seconds).clip(*_SHRINKING)  # of the distance
        fading = np.exp(-seconds / _MEMORY)
        unseen = self.unseen[:, None]
        # a rate becomes rate / (1 - rate * seconds), whose derivative is its square's
        step = np.tile([[1.0, seconds], [0.0, 1.0]], (*self.mean.shape[:2], 1, 1))
        step[:, 2:, 1, 1] = np.where(unseen, fading, 1 / left**2)
        self.mean[..., 0] += self.mean[..., 1] * seconds
        self.mean[:, 2:, 0] = self.mean[:, 2:, 0].clip(-_LARGEST, _LARGEST)
        self.mean[:, 2:, 1] *= np.where(unseen, fading, 1 / left)
        self.covariance = step @ self.covariance @ step.swapaxes(-1, -2)
        self.covariance += unrest[..., None, None] * noise

    def move(self, camera: Array) -> None:
        """
        Follow a motion of the camera.

        :param camera: the homography from points of the image before to those of this one [3, 3].
            Of what it does beside turning and scaling a box, the centre alone takes part.
        """
        centres = np.insert(self.mean[:, :2, 0], 2, 1.0, axis=1) @ camera.T
        depths = centres[:, 2:].clip(_NEAREST)
        centres = centres[:, :2] / depths
        slopes = (camera[:2, :2] - centres[:, :, None] * camera[2, :2]) / depths[..., None]
        scales = np.sqrt(np.abs(np.linalg.det(slopes)))
        self.mean[:, :2, 0] = centres
        self.mean[:, :2, 1] = np.einsum("nij,nj->ni", slopes, self.mean[:, :2, 1])
        self.mean[:, 2:, 0] += np.log(scales)[:, None]
        self.covariance[:, :2] *= scales[:, None, None, None] ** 2

    def update(self, rows: Rows, boxes: Array, size: tuple[int, int]) -> None:
        """
        Take in what was measured.

        :param rows: a filter for each box, none twice.
        :param boxes: [N, 4].
        :param size: width and height of the image; a box that ends at its edge may be cut off.
        """
        measured = _measurements(boxes)
        deviation = _scales(measured) * _MEASURED
        width, height = size
        sides = (boxes[:, 0] <= 1) | (boxes[:, 2] >= width - 1)
        ends = (boxes[:, 1] <= 1) | (boxes[:, 3] >= height - 1)
        cut = np.stack([sides, ends, sides, ends], axis=1)
        noise = np.where(cut, _CUT * deviation, deviation) ** 2
        self.unseen[:] = True
        self.unseen[rows] = False
        mean, covariance = self.mean[rows], self.covariance[rows]
        gain = covariance[..., 0] / (covariance[..., 0, 0] + noise)[..., None]
        self.mean[rows] = mean + gain * (measured - mean[..., 0])[..., None]
        # Joseph's form stays symmetric and positive
        rest = np.eye(2) - gain[..., None] * np.array([1.0, 0.0])
        self.covariance[rows] = rest @ covariance @ rest.swapaxes(-1, -2) + noise[
            ..., None, None
        ] * (gain[..., None] * gain[..., None, :])

    def boxes(self) -> Array:
        """Return the boxes: left, top, right, bottom [N, 4]."""
        centre, half = self.mean[:, :2, 0], np.exp(self.mean[:, 2:, 0]) / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    def growth(self) -> tuple[Array, Array]:
        """Return by which share of its size each grows in a second, and the deviation of that."""
        weights = 1 / self.covariance[:, 2:, 1, 1]
        total = weights.sum(axis=1)
        return (weights * self.mean[:, 2:, 1]).sum(axis=1) / total, 1 / np.sqrt(total)


def _measurements(boxes: Array) -> Array:
    """Return the centres and the logarithms of the sizes of boxes."""
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([(low + high) / 2, np.log(high - low)], axis=1)


def _scales(values: Array) -> Array:
    """Return what the deviations of centres and of logarithms are multiplied by [N, 4]."""
    size = np.exp(values[:, 2:].mean(axis=1))
    return np.stack([size, size, np.ones_like(size), np.ones_like(size)], axis=1)
