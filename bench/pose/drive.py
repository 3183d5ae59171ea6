"""Runs the pose node's core on messages, as its shell does, and notes what it publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import heapq
import time
from typing import Any

import numpy as np

from bench.pose.data import Array
from bench.pose.simulate import BEGIN
from edge_perception import messages
from edge_perception.core.parameters import Parameters
from edge_perception.core.pose.node import PoseCore
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages import Message
from edge_perception.messages.types import Odometry, PoseStatus


@dataclass(frozen=True)
class Drive:
    """
    What the pose node published.

    :ivar poses: time [s], position, quaternion x, y, z, w: n x 8.
    :ivar nis: of each second the mean NIS, its bounds, the measurements, whether it stood: n x 5.
    :ivar freedom: numbers in a measurement of the wheels.
    :ivar load: share of one processor core that it needed, messages read and written.
    """

    poses: Array
    nis: Array
    freedom: int
    load: float


def drive(
    streams: Mapping[str, Iterable[tuple[int, Message]]], parameters: Mapping[str, Any]
) -> Drive:
    """Play streams of messages, by input port, to the core in the order of their time."""
    core = PoseCore()
    given = Parameters(core.parameters, parameters)
    types = {port.name: messages.get(port.type) for port in core.ports(given).inputs}
    core.configure(given)
    played = [
        (when, port, messages.serialize(message))
        for when, port, message in heapq.merge(
            *(
                [(when, port, message) for when, message in stream]
                for port, stream in streams.items()
            ),
            key=lambda one: one[0],
        )
    ]
    poses, nis, freedom = [], [], 0
    begin = time.process_time()
    for when, port, data in played:
        message = messages.deserialize(data, types[port])
        for _, output in core.step({port: [message]}, when):
            messages.serialize(output)
            if isinstance(output, Odometry):
                place, turn = output.pose.pose.position, output.pose.pose.orientation
                seconds = (nanoseconds(output.header.stamp) - BEGIN) / SECOND
                poses.append([seconds, place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w])
            elif isinstance(output, PoseStatus):
                count = output.used + output.rejected
                nis.append([output.nis, output.nis_low, output.nis_high, count, output.standing])
                freedom = max(freedom, output.nis_freedom)
    spent = time.process_time() - begin
    return Drive(
        np.array(poses), np.array(nis), freedom, spent * SECOND / (played[-1][0] - played[0][0])
    )
