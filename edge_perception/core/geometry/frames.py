"""Frames that are fixed to each other, as /tf_static tells them (REP 105)."""

from __future__ import annotations

import math

from edge_perception.core.rotation import inverse, product, Quaternion, turned, Vector
from edge_perception.messages.types import TFMessage

_MOST = 1000  # frames; their names come from elsewhere
_Placement = tuple[Vector, Quaternion]
_NOWHERE: _Placement = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


class FixedFrames:
    """A tree of frames."""

    def __init__(self) -> None:
        """Begin without any."""
        self._parents: dict[str, tuple[str, _Placement]] = {}

    def add(self, message: TFMessage) -> None:
        """Take in transforms; what can't be one is left out."""
        for one in message.transforms:
            place, turn = one.transform.translation, one.transform.rotation
            numbers = (place.x, place.y, place.z)
            rotation = (turn.x, turn.y, turn.z, turn.w)
            known = one.child_frame_id in self._parents or len(self._parents) < _MOST
            if (
                known
                and all(map(math.isfinite, numbers))
                and abs(math.hypot(*rotation) - 1) < 0.01
            ):
                self._parents[one.child_frame_id] = one.header.frame_id, (numbers, rotation)

    def placement(self, frame: str, base: str) -> _Placement | None:
        """
        Return where a frame is in another one, and how it is turned.

        :returns: what brings coordinates in the frame to those in the base: they are turned, then
            moved; None if the two are not connected.
        """
        found, others = self._above(frame), self._above(base)
        for name, there in found.items():
            if name in others:
                return _after(_back(others[name]), there)
        return None

    def _above(self, frame: str) -> dict[str, _Placement]:
        """Return the placements of a frame in itself and in all above it, the nearest first."""
        found, placement = {frame: _NOWHERE}, _NOWHERE
        while frame in self._parents:
            frame, step = self._parents[frame]
            if frame in found:  # a circle, which is no tree
                break
            placement = _after(step, placement)
            found[frame] = placement
        return found


def _after(outer: _Placement, inner: _Placement) -> _Placement:
    """Return the placement of what is placed in something that is placed itself."""
    (ox, oy, oz), turn = outer
    x, y, z = turned(turn, inner[0])
    return (ox + x, oy + y, oz + z), product(turn, inner[1])


def _back(placement: _Placement) -> _Placement:
    place, turn = placement
    x, y, z = turned(inverse(turn), place)
    return (-x, -y, -z), inverse(turn)
