"""
What a message is on a socket: its topic, what its type is, its number, and the bytes of ROS 2.

``topic NUL | 32 bytes of the type's hash | number | time | CDR``; number and time of publication
are 8 bytes, little endian. The topic comes first, as SUB sockets filter by what messages begin
with.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST = 64 << 20
"""Bytes of a message that are accepted, whatever a peer announces."""
LONGEST_TOPIC = 255
_HASH, _NUMBER, _TIME = 32, 8, 8


class FrameError(Exception):
    """What came is no message: what was expected, what was received."""


class Frame(NamedTuple):
    """
    A message.

    :ivar digest: of its type: `messages.type_hash.digest`
    :ivar number: how many its publisher sent before, and one; 0: it doesn't count
    :ivar sent: when, in nanoseconds since 1970; 0: it doesn't say
    :ivar data: CDR
    """

    topic: str
    digest: bytes
    number: int
    sent: int
    data: bytes


def subscription(topic: str) -> bytes:
    """Return what all messages of a topic begin with, and no others."""
    return topic.encode() + b"\0"


def head(topic: str, digest: bytes, number: int, sent: int = 0) -> bytes:
    """Return what stands before the CDR."""
    counts = number.to_bytes(_NUMBER, "little") + sent.to_bytes(_TIME, "little")
    return subscription(topic) + digest + counts


def parse(frame: bytes) -> Frame:
    """
    Return what a frame says.

    :raises FrameError: if it says nothing
    """
    end = frame.find(b"\0", 0, LONGEST_TOPIC + 1)
    begin = end + 1 + _HASH + _NUMBER + _TIME
    if end <= 0 or len(frame) < begin:
        raise FrameError(
            f"expected a topic of at most {LONGEST_TOPIC} bytes, NUL, {_HASH} bytes of a type's"
            f" hash, {_NUMBER} of a number, {_TIME} of a time, and a message; received"
            f" {len(frame)} bytes that begin with {frame[:16]!r}"
        )
    try:
        topic = frame[:end].decode()
    except UnicodeDecodeError:
        raise FrameError(f"the topic {frame[:end]!r:.80} is no UTF-8") from None
    counted = end + 1 + _HASH
    timed = counted + _NUMBER
    return Frame(
        topic,
        frame[end + 1 : counted],
        int.from_bytes(frame[counted:timed], "little"),
        int.from_bytes(frame[timed:begin], "little"),
        frame[begin:],
    )
