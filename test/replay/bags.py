"""Bags of a small robot, written by rosbags: another implementation of the format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import functools
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

from edge_perception import messages
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages import Message
from edge_perception.messages.types import Header, Image, Odometry
from edge_perception.share import share_dir

BEGIN = 1_700_000_000 * SECOND
STORE = get_typestore(Stores.ROS2_KILTED)
COLORS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}
RULES = """
version: 1
timeout: {detections: 0.5}
actions: {go: {limit: {linear: 1, angular: 1}}, halt: {limit: {linear: 0, angular: 0}}}
default: go
safe: halt
rules: [{name: seen, when: {label: red, score: 0.0}, action: halt}]
"""
"""It holds when it sees red."""
MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3
Said = tuple[int, str, Message]
"""When [ns], on which topic, what."""


def picture(color: str, stamp: int) -> Message:
    """Return an image of one colour."""
    pixels = np.full((30, 40, 3), COLORS[color], np.uint8)
    return Image(
        header=Header(stamp=to_time(stamp), frame_id="camera"),
        height=30,
        width=40,
        encoding="rgb8",
        step=120,
        data=pixels.tobytes(),
    )


def drive(seconds: float = 3.0, topic: str = "/camera/image_raw") -> Iterator[Said]:
    """Yield pictures ten times a second, of another colour each second, and odometry."""
    for index in range(round(seconds * 10)):
        time = BEGIN + index * SECOND // 10
        yield time + 5_000_000, topic, picture(list(COLORS)[index // 10 % 3], time)
        odometry = Odometry(header=Header(stamp=to_time(time), frame_id="odom"))
        odometry.child_frame_id = "base_link"
        odometry.pose.pose.position.x = index / 10
        yield time + 6_000_000, "/odom", odometry


def write(
    path: Path,
    said: Iterable[Said],
    storage: StoragePlugin = MCAP,
    compression: CompressionMode = CompressionMode.NONE,
    types: bool = False,
) -> Path:
    """
    Write a bag; return its folder.

    :param types: let it know the messages of edge_perception, too.
    """
    store = _with_own_types() if types else STORE
    writer: Any = Writer(path, version=9, storage_plugin=storage)
    if compression is not CompressionMode.NONE:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        known: dict[str, Any] = {}
        for time, topic, message in said:
            if topic not in known:
                known[topic] = writer.add_connection(topic, message.__msgtype__, typestore=store)
            writer.write(known[topic], time, messages.serialize(message))
    return path


@functools.cache
def _with_own_types() -> Any:
    """Return rosbags' types, and those of edge_perception."""
    store = get_typestore(Stores.ROS2_KILTED)
    for path in sorted((share_dir() / "msg").glob("*.msg")):
        store.register(get_types_from_msg(path.read_text(), f"edge_perception/msg/{path.stem}"))
    return store


def read(folder: Path) -> list[tuple[int, str, bytes]]:
    """Return what rosbags reads of a bag: when, on which topic, which bytes."""
    with Reader(folder) as reader:
        return [(time, one.topic, bytes(data)) for one, time, data in reader.messages()]
