"""Joining the channels of images without a copy, where their places allow it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from edge_compiler.ir.graph import Node
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.reorder import channel_copy
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION


def concat_channels(
    low: Lowering, node: Node, sources: list[Buffer], target: Buffer, unit: int
) -> None:
    """
    Concatenate images of the layout of ``target``.

    :param unit: what begins and ends at a multiple of so many channels needs no copy.
    """
    firsts = [0, *accumulate(source.channels for source in sources)]
    copies, index = [], 0
    while index < len(sources):
        root, start = sources[index].root, firsts[index]
        count = 0 if root is target or low.is_input(root) else _shows_all(sources[index:], root)
        ends_unit = root.channels % unit == 0 or start + root.channels == target.channels
        if count and start % unit == 0 and ends_unit:
            root.place_in(target, start)
        else:
            copies.append(index)
            count = 1
        index += count
    for index in copies:
        call = _channel_call(sources[index], target, firsts[index])
        done = node.output if index == copies[-1] else None
        low.add(
            node, "copy channels", [sources[index]], target, call, value=done, group=CONVOLUTION
        )


def _shows_all(sources: list[Buffer], root: Buffer) -> int:
    """Return how many of the first ``sources`` show all channels of ``root`` in order, or 0."""
    channels = 0
    for count, source in enumerate(sources, 1):
        if source.root is not root or source.first_channel != channels:
            return 0
        channels += source.channels
        if channels == root.channels:
            return count
    return 0


def _channel_call(source: Buffer, target: Buffer, start: int) -> Callable[[Variant], Call]:
    shape = (source.channels, source.height, source.width)
    return lambda _: channel_copy(source, target, shape, start)
