"""
Columns of numbers, as in the lines of a sensor or the rows of a CSV log, by their headings.

A heading is "QUANTITY [UNIT]", e.g. "gyroscope x [deg/s]"; the unit may have a factor, for raw
digits: "gyroscope x [0.061 deg/s]". "-" is a column that is not used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
import math
import re

from edge_perception.core.gravity import GRAVITY

_HEADING = re.compile(
    r"(?P<quantity>[\w /.-]+?)\s*\[\s*(?:(?P<factor>[-+.\de]+)\s+)?(?P<unit>\S+)\s*\]"
)
_SPEED_UNITS = {"rad/s": 1.0, "deg/s": math.radians(1), "mdeg/s": math.radians(1e-3)}
_ACCELERATION_UNITS = {"m/s2": 1.0, "m/s²": 1.0, "g": GRAVITY, "mg": GRAVITY / 1000}
_TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

Units = Mapping[str, float]
TIME: Mapping[str, Units] = {"time": _TIME_UNITS}
"""When a measurement was taken, by the sensor's or the log's clock."""
IMU: Mapping[str, Units] = {
    **{f"gyroscope {axis}": _SPEED_UNITS for axis in "xyz"},
    **{f"accelerometer {axis}": _ACCELERATION_UNITS for axis in "xyz"},
    **{f"orientation {axis}": {"1": 1.0} for axis in "xyzw"},
}
"""Quantities of an IMU; without an orientation that is complete there is none."""
IMU_REQUIRED = [name for name in IMU if not name.startswith("orientation")]


class ColumnError(ValueError):
    """A heading or a value that can't be read: what, and what was expected."""


class Columns:
    """
    Read numbers by the place that they have in a line.

    :ivar names: the quantities that the columns have.
    """

    def __init__(
        self,
        headings: Sequence[str],
        known: Mapping[str, Units],
        required: Collection[str],
    ) -> None:
        """
        Read the headings.

        :param known: the units of each quantity, in SI units.
        :raises ColumnError: if a heading is unknown or one is missing.
        """
        self._scale: dict[str, tuple[int, float]] = {}
        self._count = len(headings)
        for place, heading in enumerate(headings):
            if heading.strip() != "-":
                self._add(place, heading.strip(), known)
        missing = [name for name in required if name not in self._scale]
        if missing:
            raise ColumnError(f"there is no column for {', '.join(missing)}")
        self.names = tuple(self._scale)

    def read(self, fields: Sequence[str]) -> dict[str, float]:
        """
        Return the numbers of a line in SI units.

        :raises ColumnError: if there are too few or too many, or one is no number.
        """
        if len(fields) != self._count:
            raise ColumnError(f"{len(fields)} columns, expected {self._count}")
        try:
            return {
                name: float(fields[place]) * scale for name, (place, scale) in self._scale.items()
            }
        except ValueError as error:
            raise ColumnError(str(error)) from error

    def _add(self, place: int, heading: str, known: Mapping[str, Units]) -> None:
        match = _HEADING.fullmatch(heading)
        if not match or match["quantity"] not in known:
            raise ColumnError(
                f"the column {heading!r} is unknown; expected '-' or 'QUANTITY [UNIT]' with one "
                f"of {', '.join(known)}"
            )
        quantity, unit = match["quantity"], match["unit"]
        units = known[quantity]
        if unit not in units:
            raise ColumnError(
                f"{quantity} has the unit {unit!r}, expected one of {', '.join(units)}"
            )
        if quantity in self._scale:
            raise ColumnError(f"there are two columns for {quantity}")
        try:
            factor = float(match["factor"] or 1)
        except ValueError:
            raise ColumnError(f"{match['factor']!r} in {heading!r} is no number") from None
        self._scale[quantity] = place, factor * units[unit]
