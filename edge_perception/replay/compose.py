"""
A bag of a drive that never was: real pictures, with an IMU, odometry and truth that are simulated.

No robot recorded all of that. Such a bag says so in its metadata, and is good for trying what
works on bags; what it says of the pose says nothing of a real robot.
"""

from __future__ import annotations

from collections.abc import Iterator
import heapq
import math
from pathlib import Path

import numpy as np

from edge_perception import messages
from edge_perception.bags.record import BagError, Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.compressed import encode
from edge_perception.core.image import to_message
from edge_perception.core.imu.message_builder import ImuMessageBuilder
from edge_perception.core.imu.source import Part
from edge_perception.core.source import CameraRequest, Frame, SourceFinished
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.drivers import open_source
from edge_perception.drivers.drive import Drive
from edge_perception.drivers.imu.errors import MPU6050
from edge_perception.drivers.imu.simulated import samples
from edge_perception.messages import Message
from edge_perception.messages.types import (
    Header,
    Odometry,
    Point,
    Pose,
    PoseStamped,
    PoseWithCovariance,
    Quaternion,
    Twist,
    TwistWithCovariance,
    Vector3,
)

BEGIN = 1_767_225_600 * SECOND
"""The first of January 2026: the same bag at each time that it is composed."""
TRUTH = "/ground_truth"
_IMU_RATE, _WHEEL_RATE, _TRUTH_RATE = 100.0, 50.0, 10.0
_LATE = {"camera": 8_000_000, "imu": 1_000_000, "wheels": 2_000_000, "truth": 0}
"""From a stamp to the record of its message [ns]."""
_WHEEL_SCALE = 1.005
"""Wheels whose radius is known to half a per cent."""
_DRIVE = Drive(radius=4.0, speed=0.6, still=2.0)
_JPEG = 85
_Said = tuple[int, str, Message]


def compose(film: Path, out: Path, seconds: float = 60.0) -> int:
    """
    Write such a bag.

    :param film: a video, or a folder of pictures.
    :param seconds: of it, at most.
    :returns: how many messages it has.
    :raises BagError: if it can't be written.
    :raises SourceError: if the film can't be read.
    """
    facts = {
        "composite": "real pictures; IMU, odometry and truth are simulated along a circle, "
        "and have nothing to do with the pictures",
        "pictures": film.name,
    }
    count = 0
    with BagWriter(out, facts) as writer:
        frames = list(_frames(film, seconds))
        if len(frames) < 2:
            raise BagError(f"{film} is no film: give a video, or a folder of pictures")
        end = frames[-1][0] + 1
        parts = [frames, _imu(end), _wheels(end), _truth(end)]
        for time, topic, message in heapq.merge(*parts, key=lambda said: said[0]):
            writer.write(time, Topic(topic, message.__msgtype__), messages.serialize(message))
            count += 1
    return count


def _frames(film: Path, seconds: float) -> Iterator[_Said]:
    """Yield the pictures, compressed, as the camera node publishes them."""
    source = open_source(str(film), CameraRequest(loop=False))
    try:
        for index in range(math.ceil(seconds * source.rate)):
            try:
                frame = source.read(1.0)
            except SourceFinished:
                return
            if isinstance(frame, Frame):
                stamp = BEGIN + round(index / source.rate * SECOND)
                header = Header(stamp=to_time(stamp), frame_id="camera_optical_frame")
                picture = encode(to_message(frame.data, frame.encoding, header), "jpeg", _JPEG)
                yield stamp + _LATE["camera"], "/camera/image_raw/compressed", picture
    finally:
        source.close()


def _imu(end: int) -> Iterator[_Said]:
    """Yield what an IMU measures, with the errors of a real part."""
    noise = MPU6050.gyro.noise * _IMU_RATE**0.5, MPU6050.accel.noise * _IMU_RATE**0.5
    part = Part(MPU6050.gyro.limit, MPU6050.accel.limit, *noise)
    build = ImuMessageBuilder("imu_link", (0.0, 0.0, 0.0), 0.0, 0.0)
    for time, sample in samples(_DRIVE, _IMU_RATE):
        stamp = BEGIN + time
        if stamp + _LATE["imu"] >= end:
            return
        yield stamp + _LATE["imu"], "/imu/data", build.message(sample, part, stamp, (0, 0, 0))


def _wheels(end: int) -> Iterator[_Said]:
    """Yield the odometry of wheels that are a little larger than the robot believes."""
    covariance = np.diag([1e-4, 1e-4, 1e-6, 1e-6, 1e-6, 1e-3]).reshape(-1)
    for seconds in _times(_WHEEL_RATE, end - _LATE["wheels"]):
        stamp = BEGIN + round(seconds * SECOND)
        speed = _DRIVE.velocity(seconds) / _WHEEL_SCALE
        turn = _DRIVE.velocity(seconds) * _DRIVE.curvature / _WHEEL_SCALE
        odometry = Odometry(
            header=Header(stamp=to_time(stamp), frame_id="odom"),
            child_frame_id="base_link",
            pose=PoseWithCovariance(_pose(seconds, 1 / _WHEEL_SCALE), covariance),
            twist=TwistWithCovariance(
                Twist(linear=Vector3(x=speed), angular=Vector3(z=turn)), covariance
            ),
        )
        yield stamp + _LATE["wheels"], "/wheel/odometry", odometry


def _truth(end: int) -> Iterator[_Said]:
    """Yield where the robot is."""
    for seconds in _times(_TRUTH_RATE, end - _LATE["truth"]):
        stamp = BEGIN + round(seconds * SECOND)
        header = Header(stamp=to_time(stamp), frame_id="odom")
        yield stamp + _LATE["truth"], TRUTH, PoseStamped(header, _pose(seconds))


def _times(rate: float, end: int) -> Iterator[float]:
    """Yield seconds since the begin, so many of each."""
    index = 0
    while BEGIN + round(index / rate * SECOND) < end:
        yield index / rate
        index += 1


def _pose(seconds: float, scale: float = 1.0) -> Pose:
    """Return where the robot is on its circle; ``scale``: of the way and the turn."""
    angle = _DRIVE.driven(seconds) * _DRIVE.curvature * scale
    radius = _DRIVE.radius
    return Pose(
        Point(x=radius * math.sin(angle), y=radius * (1 - math.cos(angle))),
        Quaternion(z=math.sin(angle / 2), w=math.cos(angle / 2)),
    )
