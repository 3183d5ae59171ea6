"""Ways in which files are damaged."""

from __future__ import annotations

import random


def flipped(data: bytearray, choose: random.Random) -> bytes:
    for _ in range(choose.choice((1, 1, 2, 5, 50))):
        data[choose.randrange(len(data))] = choose.randrange(256)
    return bytes(data)


def cut(data: bytearray, choose: random.Random) -> bytes:
    start, end = sorted(choose.randrange(len(data)) for _ in range(2))
    return bytes(data[:start] + choose.choice((b"", data[end:])))


def repeated(data: bytearray, choose: random.Random) -> bytes:
    start, end = sorted(choose.randrange(len(data)) for _ in range(2))
    return bytes(data[:end] + data[start:])
