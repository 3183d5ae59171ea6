"""How far a path is from the truth: ATE and RPE, as evo (github.com/MichaelGrupp/evo) has them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from edge_perception.replay.series import Points

_APART = 0.05
"""Seconds that a pose and the truth that it is compared with may be apart."""
_STEP = 1.0
"""Metres over which the relative error is taken."""
_SLACK = 0.1
"""Metres by which the way between two poses may differ from that."""

_FEWEST = 3  # times that two paths must share

Indices = npt.NDArray[np.intp]


class PathError(NamedTuple):
    """
    The distance of a path from the truth, root of the mean square [m].

    :ivar absolute: of positions, once both paths lie upon each other as well as they can.
    :ivar relative: of where a metre of the way leads, as seen from its begin; NaN: no two poses
        of the truth are a metre apart.
    """

    absolute: float
    relative: float


def compare(path: Points, truth: Points) -> PathError | None:
    """
    Return how far a path is from the truth; None if they share less than three times.

    :param path: [N, 8], as a `Track` has it.
    :param truth: [M, 8].
    """
    ours, theirs = _associated(path, truth)
    if len(ours) < _FEWEST:
        return None
    rotation, shift = alignment(ours[:, 1:4], theirs[:, 1:4])
    absolute = _root_mean_square(ours[:, 1:4] @ rotation.T + shift - theirs[:, 1:4])
    steps = np.linalg.norm(np.diff(theirs[:, 1:4], axis=0), axis=1)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    after = np.clip(np.searchsorted(way, way + _STEP), 1, len(way) - 1)
    ends = np.where(way + _STEP - way[after - 1] < way[after] - way - _STEP, after - 1, after)
    begins = np.flatnonzero(np.abs(way[ends] - way - _STEP) <= _SLACK)
    if not len(begins):
        return PathError(absolute, math.nan)
    ends = ends[begins]
    return PathError(
        absolute, _root_mean_square(_moved(ours, begins, ends) - _moved(theirs, begins, ends))
    )


def laid_upon(path: Points, truth: Points) -> Points:
    """Return the places [N, 3] of poses, turned and shifted as they lie best upon the truth."""
    ours, theirs = _associated(path, truth)
    if len(ours) < _FEWEST:
        return path[:, 1:4]
    rotation, shift = alignment(ours[:, 1:4], theirs[:, 1:4])
    return np.asarray(path[:, 1:4] @ rotation.T + shift)


def _moved(poses: Points, begins: Indices, ends: Indices) -> Points:
    """Return where the robot went, as seen from where it was."""
    way = poses[ends, 1:4] - poses[begins, 1:4]
    turned = Rotation.from_quat(poses[begins, 4:8])
    return np.asarray(turned.inv().apply(way))


def alignment(ours: Points, theirs: Points) -> tuple[Points, Points]:
    """
    Return what brings points onto others by least squares: rotation and shift (Umeyama 1991).

    :param ours: [N, 3].
    :param theirs: [N, 3], that they shall lie upon.
    """
    middle, target = ours.mean(0), theirs.mean(0)
    left, _, right = np.linalg.svd((theirs - target).T @ (ours - middle))
    mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ mirror @ right
    return rotation, target - rotation @ middle


def _associated(path: Points, truth: Points) -> tuple[Points, Points]:
    """Return the poses of both at the times of the truth that the path has, too."""
    if not len(path) or not len(truth):
        return np.empty((0, 8)), np.empty((0, 8))
    ours, theirs = path[np.argsort(path[:, 0], kind="stable")], truth
    right = np.clip(np.searchsorted(ours[:, 0], theirs[:, 0]), 1, max(1, len(ours) - 1))
    right = np.minimum(right, len(ours) - 1)
    left = np.maximum(right - 1, 0)
    is_left = theirs[:, 0] - ours[left, 0] < ours[right, 0] - theirs[:, 0]
    nearest = np.where(is_left, left, right)
    near = np.abs(ours[nearest, 0] - theirs[:, 0]) <= _APART
    return ours[nearest[near]], theirs[near]


def _root_mean_square(differences: Points) -> float:
    return float(np.sqrt(np.mean(np.sum(differences**2, axis=1))))
