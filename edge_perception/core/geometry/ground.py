"""
Where things stand that a camera sees, if they stand on the ground.

The pixel below a thing is a ray; where it meets the plane of the ground, the thing is. Near the
horizon a small error of the camera's pitch is a large one of the distance, so that each position
comes with its covariance. Frames are those of REP 103: the base has x ahead, y to the left, z up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt

from edge_perception.core.geometry.depth import Depth
from edge_perception.core.geometry.pinhole import Pinhole
from edge_perception.core.rotation import matrix, Quaternion, quaternion, Vector

Array = npt.NDArray[np.float64]

_OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""From the optical frame (x right, y down) to the camera's body (x ahead, y left, z up)."""


_NOWHERE = np.diag([math.inf, math.inf])
_SURE = 2.0  # standard deviations within which a number is
_VAGUE = 0.5  # standard deviation of a distance in distances, from which it is none


@dataclass(frozen=True, eq=False)
class Mounting:
    """
    Where a camera is on the robot, in the frame of its base.

    :ivar x: ahead of the base's origin [m].
    :ivar y: to the left of it [m].
    :ivar height: of the camera above the ground [m].
    :ivar turn: from directions in the optical frame to those in the base's [3, 3].
    """

    x: float
    y: float
    height: float
    turn: Array

    @classmethod
    def at(
        cls, x: float, y: float, height: float, roll: float, pitch: float, yaw: float
    ) -> Mounting:
        """
        Return it by the camera's body, which looks ahead.

        :param roll: about the axis ahead [rad].
        :param pitch: about the axis to the left [rad]: positive if the camera looks down.
        :param yaw: about the axis up [rad].
        """
        return cls(x, y, height, matrix(quaternion(roll, pitch, yaw)) @ _OPTICAL)

    @classmethod
    def placed(cls, place: Vector, rotation: Quaternion) -> Mounting:
        """Return it by where the optical frame is in that of the base, and how it is turned."""
        return cls(*place, matrix(rotation))


@dataclass(frozen=True)
class Deviations:
    """
    How sure it is what places are told by: standard deviations.

    :ivar pixel: of the lower edge of boxes [pixel].
    :ivar angle: of roll and pitch [rad], those of the ground and of the robot included.
    :ivar height: of the camera [m].
    """

    pixel: float = 3.0
    angle: float = 0.0175
    height: float = 0.02


@dataclass(frozen=True, eq=False)
class Place:
    """
    Where a thing is in the frame of the base.

    :ivar x: ahead [m].
    :ivar y: to the left [m].
    :ivar covariance: of x and y [2, 2]; infinite if it is there or anywhere farther away.
    """

    x: float
    y: float
    covariance: Array

    @property
    def distance(self) -> float:
        """Return how far it is from the origin of the base [m]."""
        return math.hypot(self.x, self.y)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the distance [m]."""
        if self.covariance is _NOWHERE:
            return math.inf
        along = np.array([self.x, self.y]) / max(self.distance, 1e-9)
        return math.sqrt(along @ self.covariance @ along)


class Ground:
    """The plane of the ground as a camera sees it."""

    def __init__(
        self, camera: Pinhole, mounting: Mounting, deviations: Deviations | None = None
    ) -> None:
        """Take a camera and where it is."""
        self._camera, self._mounting = camera, mounting
        self._deviations = deviations or Deviations()

    def places(self, feet: Array) -> list[Place | None]:
        """
        Return where things are; None for those that are above the horizon, so not on the ground.

        Near the horizon, where the distance is not sure by half of itself, it is a distance that
        they have at least: the place is the nearest one that can be, its deviation infinite.

        :param feet: x and y of the pixels where they touch the ground [N, 2].
        """
        rays = self._camera.rays(feet) @ self._mounting.turn.T
        return [self._place(ray) for ray in rays]

    def at_depth(
        self, pixels: Array, depths: Sequence[Depth | None]
    ) -> list[tuple[Place, float] | None]:
        """
        Return where things are whose depth was measured, and how high above the ground [m].

        :param pixels: x and y of those that the depths are of [N, 2].
        :param depths: N; None where nothing was measured.
        """
        rays = self._camera.rays(pixels) @ self._mounting.turn.T
        return [
            None if depth is None else self._at(ray, depth)
            for ray, depth in zip(rays, depths, strict=True)
        ]

    def _at(self, ray: Array, depth: Depth) -> tuple[Place, float]:
        mounting = self._mounting
        x, y, z = np.array([mounting.x, mounting.y, mounting.height]) + ray * depth.metres
        across = self._deviations.pixel / min(self._camera.focal_lengths()) * depth.metres
        covariance = np.outer(ray[:2], ray[:2]) * depth.deviation**2 + np.eye(2) * across**2
        return Place(float(x), float(y), covariance), float(z)

    def _place(self, ray: Array) -> Place | None:
        """Return where a ray in the base's axes meets the ground."""
        mounting, sure = self._mounting, self._deviations
        lateral = math.hypot(ray[0], ray[1])
        # what a unit of each error moves: of the pixel across and down, of roll and pitch
        across, along = mounting.turn[:, :2].T / np.array(self._camera.focal_lengths())[:, None]
        moves = np.stack([across, along, *np.cross(np.eye(3)[:2], ray)])
        moves *= np.array([sure.pixel, sure.pixel, sure.angle, sure.angle])[:, None]
        # the inverse of the distance is sure where the distance is not: at the horizon it is 0
        inverse = -ray[2] / (mounting.height * lateral)
        lifted = inverse * sure.height / mounting.height
        unsure = math.hypot(np.linalg.norm(moves[:, 2]) / (mounting.height * lateral), lifted)
        if inverse + _SURE * unsure <= 0:
            return None
        if unsure > _VAGUE * inverse:
            x, y = ray[:2] / lateral / (inverse + _SURE * unsure)
            return Place(mounting.x + float(x), mounting.y + float(y), _NOWHERE)
        down = -ray[2]
        x, y = mounting.height / down * ray[:2]
        errors = (moves + ray * (moves[:, 2:] / down)) * mounting.height / down
        errors = np.vstack([errors, ray / down * sure.height])[:, :2]
        return Place(mounting.x + float(x), mounting.y + float(y), errors.T @ errors)
