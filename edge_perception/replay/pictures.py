"""The pictures of a bag, as the robot's nodes decode them: for what is calibrated on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError, Record
from edge_perception.core import compressed
from edge_perception.core.image import FrameError, to_message
from edge_perception.messages.types import CompressedImage, Image
from edge_perception.views.annotation import rgb

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
MOST = 128
"""Pictures that are taken of a bag, evenly spread: neighbours are much alike."""


def image_topic(bag: Bag, wanted: str | None) -> str:
    """
    Return the topic of a bag's pictures.

    :param wanted: its name; None: the only one.
    :raises BagError: if there is none, or there are several.
    """
    known = sorted(topic.name for topic in bag.topics() if topic.type in (IMAGE, COMPRESSED))
    if not known:
        raise BagError(f"{bag.path} has no topic of images ({IMAGE}, {COMPRESSED})")
    there = ", ".join(known)
    if wanted is not None and wanted not in known:
        raise BagError(f"{bag.path} has no images on {wanted}: there are {there}")
    if wanted is None and len(known) > 1:
        raise BagError(f"{bag.path} has images on {there}: say which with --topic")
    return wanted or known[0]


def pictures(bag: Bag, topic: str, most: int = MOST) -> Iterator[npt.NDArray[np.uint8]]:
    """
    Yield pictures of a topic as rgb8 (height, width, 3), evenly spread over the bag.

    What can't be used is noted among the bag's problems.

    :raises BagError: if the bag can't be read, or has no picture there that can be used.
    """
    count = sum(record.topic.name == topic for record in bag.records())
    wanted = set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())
    number = used = 0
    for record in bag.records():
        if record.topic.name != topic:
            continue
        if number in wanted:
            try:
                yield _decode(record)
                used += 1
            except (FrameError, messages.MessageError) as error:
                bag.problems.note(f"picture {type(error)}", f"a picture of {topic}: {error}")
        number += 1
    if not used:
        faults = "; ".join(bag.problems)
        raise BagError(
            f"{bag.path} has no picture on {topic} that can be used" + f": {faults}" * bool(faults)
        )


def _decode(record: Record) -> npt.NDArray[np.uint8]:
    message: Any
    if record.topic.type == COMPRESSED:
        packed = messages.deserialize(record.data, CompressedImage)
        message = to_message(*compressed.frame(packed), packed.header)
    else:
        message = messages.deserialize(record.data, Image)
    return rgb(message)
