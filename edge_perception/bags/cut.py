"""A part of a bag as a bag of its own, byte for byte."""

from __future__ import annotations

from collections.abc import Collection
import math
from pathlib import Path

from edge_perception.bags.bag import Bag
from edge_perception.bags.order import in_order
from edge_perception.bags.record import BagError
from edge_perception.bags.writer import BagWriter
from edge_perception.core.stamps import SECOND


def cut(
    bag: Bag, out: Path, begin: float = 0.0, end: float = math.inf, topics: Collection[str] = ()
) -> int:
    """
    Write a part of a bag; messages of types that aren't known here, too.

    :param begin: seconds since the first message of the bag.
    :param end: seconds since it, too; what comes then is not in the part.
    :param topics: those that are wanted; empty: all.
    :returns: how many messages the part has.
    :raises BagError: if the bag can't be read, the part not be written, or nothing is in it.
    """
    known = {topic.name for topic in bag.topics()}
    if missing := [name for name in topics if name not in known]:
        there = ", ".join(sorted(known))
        raise BagError(f"{bag.path} has no topic {missing[0]}: there are {there}")
    facts = {**bag.facts(), "cut from": f"{bag.path.resolve()}, {begin:g} s to {end:g} s"}
    count = 0
    first = None
    with BagWriter(out, facts) as writer:
        for record in in_order(bag.raw(), bag.problems):
            first = record.time if first is None else first
            seconds = (record.time - first) / SECOND
            if seconds >= end:
                break
            if seconds >= begin and (not topics or record.topic.name in topics):
                writer.write(record.time, record.topic, record.data)
                count += 1
        if not count:
            raise BagError(f"{bag.path} has nothing from {begin:g} s to {end:g} s of these topics")
    return count
