"""
What can be true of any robot: bounds on what messages say, whoever sent them.

A comparison with NaN is false whichever way it is written, and an infinite speed is above any
limit, so a number is looked at here before anything is concluded from it.
"""

from __future__ import annotations

import math

import numpy as np

from edge_perception.messages.types import DetectionArray, Odometry

FASTEST = 100.0
"""Speed of a robot [m/s]."""
FASTEST_TURN = 35.0
"""Angular velocity of a robot [rad/s]: 2000 deg/s, the widest range of usual gyroscopes."""
FARTHEST = 1e8
"""Coordinates of a robot [m]: all that a map projection of the earth can give."""

_SCORE_ROUNDING = 1e-3


def odometry_problem(odometry: Odometry) -> str:
    """Return why a nav_msgs/msg/Odometry does not tell how the robot moves; empty if it does."""
    velocity, place = odometry.twist.twist.linear, odometry.pose.pose.position
    speed = math.hypot(velocity.x, velocity.y, velocity.z)
    if not speed <= FASTEST:
        return f"holds the speed {speed:g} m/s, which no robot has"
    if not all(abs(value) <= FARTHEST for value in (place.x, place.y, place.z)):
        return f"holds the position ({place.x:g}, {place.y:g}, {place.z:g}) m, where no robot is"
    return ""


def detections_problem(seen: DetectionArray) -> str:
    """Return why an edge_perception/msg/DetectionArray can't be judged; empty if it can."""
    if not (seen.image_width and seen.image_height):
        return f"is of an empty image ({seen.image_width} x {seen.image_height} pixels)"
    for thing in seen.detections:
        said = [(thing.label, thing.score), *((one.label, one.score) for one in thing.attributes)]
        for label, score in said:
            if not -_SCORE_ROUNDING <= score <= 1 + _SCORE_ROUNDING:
                return f"holds {label!r} with the score {score:g}, which is not in 0 to 1"
        box = (thing.x, thing.y, thing.width, thing.height)
        if thing.has_box and not (all(map(math.isfinite, box)) and min(box[2:]) >= 0):
            numbers = ", ".join(f"{value:g}" for value in box)
            return f"holds {thing.label!r} in a box that can't be (x, y, width, height: {numbers})"
        if not (0 <= thing.track_age < math.inf and 0 <= thing.time_to_contact < math.inf):
            return (
                f"holds {thing.label!r} with times that can't be (age {thing.track_age:g} s, "
                f"contact after {thing.time_to_contact:g} s)"
            )
        if not (math.isfinite(thing.growth) and 0 <= thing.growth_deviation < math.inf):
            return (
                f"holds {thing.label!r} with a growth that can't be ({thing.growth:g} ± "
                f"{thing.growth_deviation:g} a second)"
            )
        for place in thing.place:
            where = (place.position.x, place.position.y, place.position.z, place.distance)
            spread = place.covariance
            sure = math.isinf(place.deviation) or bool(np.isfinite(spread).all())
            if not (all(map(math.isfinite, where)) and place.deviation >= 0 and sure):
                numbers = ", ".join(f"{value:g}" for value in (*where, place.deviation))
                return (
                    f"holds {thing.label!r} in a place that can't be (x, y, z, distance, "
                    f"deviation: {numbers})"
                )
    return ""
