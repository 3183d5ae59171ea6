"""Measurements from numbers by name, and batches of those that were known beforehand."""

from __future__ import annotations

from collections.abc import Mapping

from edge_perception.core.imu.source import Batch, Part, Sample


def sample(stamp: int, numbers: Mapping[str, float]) -> Sample:
    """Return a measurement from numbers named as in `columns.IMU`."""
    turning, pushing = (
        (numbers[f"{sensor} x"], numbers[f"{sensor} y"], numbers[f"{sensor} z"])
        for sensor in ("gyroscope", "accelerometer")
    )
    given = [numbers[name] for axis in "xyzw" if (name := f"orientation {axis}") in numbers]
    if len(given) < 4:
        return Sample(stamp, turning, pushing)
    x, y, z, w = given
    return Sample(stamp, turning, pushing, (x, y, z, w))


def batch(part: Part, items: list[tuple[int, Sample]], lost: int) -> Batch:
    """Return measurements with other times."""
    samples = [
        Sample(stamp, one.angular_velocity, one.linear_acceleration, one.orientation)
        for stamp, one in items
    ]
    return Batch(samples, part, lost)
