"""
What a message is on a socket: its topic, what its type is, its number, and the bytes of ROS 2.

``topic NUL | 32 bytes of the type's hash | number, 8 bytes, little endian | CDR``. The topic comes
first, as SUB sockets filter by what messages begin with.
"""

from __future__ import annotations

from typing import NamedTuple

LARGEST = 64 << 20
"""Bytes of a message that are accepted, whatever a peer announces."""
LONGEST_TOPIC = 255
_HASH, _NUMBER = 32, 8


class FrameError(Exception):
    """What came is no message: what was expected, what was received."""


class Frame(NamedTuple):
    """
    A message.

    :ivar digest: of its type: `messages.type_hash.digest`
    :ivar number: how many its publisher sent before, and one; 0: it doesn't count
    :ivar data: CDR
    """

    topic: str
    digest: bytes
    number: int
    data: bytes


def subscription(topic: str) -> bytes:
    """Return what all messages of a topic begin with, and no others."""
    return topic.encode() + b"\0"


def head(topic: str, digest: bytes, number: int) -> bytes:
    """Return what stands before the CDR."""
    return subscription(topic) + digest + number.to_bytes(_NUMBER, "little")


def parse(frame: bytes) -> Frame:
    """
    Return what a frame says.

    :raises FrameError: if it says nothing
    """
    end = frame.find(b"\0", 0, LONGEST_TOPIC + 1)
    begin = end + 1 + _HASH + _NUMBER
    if end <= 0 or len(frame) < begin:
        raise FrameError(
            f"expected a topic of at most {LONGEST_TOPIC} bytes, NUL, {_HASH} bytes of a type's"
            f" hash, {_NUMBER} of a number, and a message; received {len(frame)} bytes that begin"
            f" with {frame[:16]!r}"
        )
    try:
        topic = frame[:end].decode()
    except UnicodeDecodeError:
        raise FrameError(f"the topic {frame[:end]!r:.80} is no UTF-8") from None
    digest = frame[end + 1 : end + 1 + _HASH]
    return Frame(
        topic, digest, int.from_bytes(frame[begin - _NUMBER : begin], "little"), frame[begin:]
    )
