"""Measurements from numbers by name, and batches of those that were known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

import numpy as np

from edge_perception.core.imu.source import Batch, Part, Sample


def sample(stamp: int, numbers: Mapping[str, float]) -> Sample:
    """Return a measurement from numbers named as in `columns.IMU`."""
    orientation = [numbers.get(f"orientation {axis}") for axis in "xyzw"]
    return Sample(
        stamp,
        np.array([numbers[f"gyroscope {axis}"] for axis in "xyz"]),
        np.array([numbers[f"accelerometer {axis}"] for axis in "xyz"]),
        None if None in orientation else np.array(orientation, float),
    )


def batch(part: Part, items: list[tuple[int, Sample]], lost: int) -> Batch:
    """Return measurements with other times."""
    return Batch([dataclasses.replace(one, stamp=stamp) for stamp, one in items], part, lost)
