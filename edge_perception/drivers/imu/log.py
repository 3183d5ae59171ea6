"""Recorded IMUs: CSV files, and bags with a topic of type sensor_msgs/msg/Imu."""

from __future__ import annotations

from collections.abc import Iterator
import csv
import functools
from itertools import islice
import math
from pathlib import Path
from typing import TextIO

from edge_perception import messages
from edge_perception.core.imu.source import ImuRequest, ImuSource, Part, Sample
from edge_perception.core.source import SourceError
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.drivers import columns
from edge_perception.drivers.clock import Clock, SystemClock
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.imu.measured import batch, sample
from edge_perception.drivers.paced import Paced
from edge_perception.messages.types import Imu

_TYPE = "sensor_msgs/msg/Imu"
_BAGS = (".mcap", ".db3")
_LOOKED_AT = 50

Numbers = dict[str, float]


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, Numbers]]:
    """Yield time [ns] and numbers of each row."""
    reader = csv.reader(file)
    with file:
        try:
            form = columns.Columns(
                next(reader, []),
                {**columns.TIME, **columns.IMU},
                ("time", *columns.IMU_REQUIRED),
            )
            for row in reader:
                numbers = form.read(row)
                yield round(numbers.pop("time") * SECOND), numbers
        except (columns.ColumnError, csv.Error, ValueError) as error:
            raise SourceError(f"{path}, line {reader.line_num}: {error}") from error


def _bag(path: Path) -> Iterator[tuple[int, Numbers]]:
    """Yield the time [ns] of each message and its numbers."""
    try:
        from edge_perception.bags.bag import Bag
        from edge_perception.bags.record import BagError
    except ImportError as error:
        raise SourceError(
            f"bags need a package that can't be imported ({error}): pip install mcap lz4 zstandard"
        ) from error
    form = messages.get(_TYPE)
    try:
        bag = Bag(path)
        topics = [one.name for one in bag.topics() if one.type == _TYPE]
        if len(topics) != 1:
            found = ", ".join(topics) or "none"
            raise SourceError(f"{path} has {found} of type {_TYPE}, expected one topic")
        for record in bag.records():
            if record.topic.type == _TYPE:
                message = messages.deserialize(record.data, form)
                yield nanoseconds(message.header.stamp), _numbers(message)
    except (BagError, messages.MessageError) as error:
        raise SourceError(f"the bag {path} can't be read ({error})") from error


def _numbers(message: Imu) -> Numbers:
    """Return what was measured, the orientation if there is one."""
    numbers: Numbers = {}
    for axis in "xyz":
        numbers[f"gyroscope {axis}"] = getattr(message.angular_velocity, axis)
        numbers[f"accelerometer {axis}"] = getattr(message.linear_acceleration, axis)
    if message.orientation_covariance[0] >= 0:
        for axis in "xyzw":
            numbers[f"orientation {axis}"] = getattr(message.orientation, axis)
    return numbers


def _samples(items: Iterator[tuple[int, Numbers]]) -> Iterator[tuple[int, Sample]]:
    """Leave out what goes back in time."""
    last = -math.inf
    for time, numbers in items:
        if time > last:
            last = time
            yield time, sample(time, numbers)


def open_log(spec: str, request: ImuRequest, clock: Clock | None = None) -> ImuSource:
    """
    Open a CSV file or a bag, to be replayed at the pace at which it was recorded.

    :param request: is asked for the delay alone: the log has its own rate.
    :raises SourceError: if it is none.
    """
    path = Path(spec)

    def items() -> Iterator[tuple[int, Sample]]:
        if path.is_dir() or path.suffix in _BAGS:
            return _samples(_bag(path))
        try:
            return _samples(_rows(path.open(newline="", encoding="utf-8"), path))
        except OSError as error:
            raise SourceError(f"{path} can't be read: {error.strerror}") from error

    times = [time for time, _ in islice(items(), _LOOKED_AT)]
    if len(times) < 2:
        raise SourceError(f"{path} has {len(times)} measurements, expected two or more")
    rate = SECOND * (len(times) - 1) / (times[-1] - times[0])
    return Paced(
        f"log {path}",
        rate,
        items(),
        functools.partial(batch, Part()),
        clock or SystemClock(),
        delay=request.delay,
    )


DRIVER = Driver("a CSV file or bag", lambda spec: Path(spec).exists(), open_log)
