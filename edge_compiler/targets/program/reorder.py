"""Copies of images from one layout to another."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.dtype import c_type
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, Table, writing
from edge_compiler.targets.program.layout import BLOCK, merge_axes
from edge_perception.runtime.dtypes import ElementType

MAX_RANK = 6
"""Axes that kernels count one by one: the same of work.h."""


def channel_copy(
    source: Buffer,
    target: Buffer,
    shape: tuple[int, int, int],
    out_channel: int = 0,
    order: np.ndarray[tuple[int], np.dtype[np.uint16]] | None = None,
) -> Call:
    """Return the call that copies an image's channels from one layout to another."""
    if order is None and out_channel % BLOCK == 0 and source.block >= BLOCK <= target.block:
        if source.block == target.block == BLOCK:
            return _block_copy(source, target, out_channel)
        return _run_copy(source, target, shape, out_channel)
    if order is None and source.type.bytes == target.block == 1 and source.block == BLOCK:
        return _plane_copy(source, target, shape, out_channel)
    fields = _copy_fields(source, target, shape, out_channel)
    whole = order is None and not out_channel and target.channels == shape[0]
    if whole and source.type.bytes == source.block == 1 and target.block == BLOCK:
        return Call("copy_pixels_run", "run_copy", fields, (reading(source), writing(target)))
    fields |= {
        "out_channel": out_channel,
        "source": None if order is None else Table("uint16_t", tuple(map(str, order))),
    }
    return Call(
        _kernel("copy_channels", source),
        "channel_copy",
        fields,
        (reading(source), writing(target)),
    )


def _kernel(name: str, source: Buffer) -> str:
    """Return the function of copy.h for the element type of a buffer."""
    return f"{name}_{c_type(source.type)}"


def _block_copy(source: Buffer, target: Buffer, out_channel: int) -> Call:
    """Return the call that copies whole blocks of channels."""
    fields: dict[str, Field] = {
        "blocks": source.blocks,
        "height": source.height,
        "elements": source.width * BLOCK,
        "in": (source.plane, source.row),
        "out": (target.plane, target.row),
    }
    to = writing(target).plus(out_channel // BLOCK * target.plane)
    return Call(_kernel("copy_blocks", source), "block_copy", fields, (reading(source), to))


def _plane_copy(
    source: Buffer, target: Buffer, shape: tuple[int, int, int], out_channel: int
) -> Call:
    """Return the call that makes planes of bytes in blocks, neither of which has a halo."""
    channels, height, width = shape
    fields: dict[str, Field] = {
        "channels": channels,
        "pixels": height * width,
        "in_plane": source.plane,
        "out_plane": height * width,
    }
    to = writing(target).plus(out_channel * height * width)
    return Call("qturn_run", "qturn", fields, (reading(source), to))


def _run_copy(
    source: Buffer, target: Buffer, shape: tuple[int, int, int], out_channel: int
) -> Call:
    """Return the call that copies between blocks and channels last: runs of a block's channels."""
    fields = _copy_fields(source, target, shape, out_channel)
    run = target.plane if target.block == BLOCK else BLOCK
    to = writing(target).plus(out_channel // BLOCK * run)
    return Call(_kernel("copy_runs", source), "run_copy", fields, (reading(source), to))


def pixel_copy(source: Buffer, target: Buffer) -> Call:
    """
    Return the call that copies pixels with all channels into blocks.

    :param source: in row-major order, (images, height, width, channels).
    :param target: in blocks, the same image with its channels first.
    """
    channels, height, width = target.channels, target.height, target.width
    fields: dict[str, Field] = {
        "channels": channels,
        "height": height,
        "width": width,
        "in": (channels, 0, width * channels),
        "out": (target.block, target.plane, target.row),
        "clear_lanes": -channels % BLOCK,
    }
    return Call(
        _kernel("copy_runs", source), "run_copy", fields, (reading(source), writing(target))
    )


def _copy_fields(
    source: Buffer, target: Buffer, shape: tuple[int, int, int], out_channel: int
) -> dict[str, Field]:
    """Return what both kernels that change the layout of channels are told."""
    channels, height, width = shape
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "in": _layout(source, shape),
        "out": _layout(target, (target.channels, height, width)),
        "clear_lanes": _unused_lanes(target, out_channel + channels),
    }


def _unused_lanes(target: Buffer, end: int) -> int:
    """Return how many lanes of a blocked image lie behind its last channel, if ``end`` is that."""
    return -end % BLOCK if target.block == BLOCK and end == target.channels else 0


def _layout(buffer: Buffer, shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Return (lanes, plane, row) of an image in a buffer that may be dense and without a shape."""
    _, height, width = shape
    if (buffer.height, buffer.width) != (height, width):
        return (1, height * width, width)
    return (buffer.block, buffer.plane, buffer.row)


def strided_fields(
    type_: ElementType,
    shape: tuple[int, ...],
    reads: tuple[int, ...],
    writes: tuple[int, ...],
) -> dict[str, Field]:
    """Return the configuration of ``strided_copy``: a box, and the steps along its axes."""
    merged, (source, target) = merge_axes(shape, reads, writes)
    return {
        "shape": ranked(merged, 1),
        "in": ranked(source, 0),
        "out": ranked(target, 0),
        "bytes": type_.bytes,
    }


def ranked(numbers: tuple[int, ...], filler: int) -> tuple[int, ...]:
    """Return numbers for as many axes as kernels count, the first ones filled up."""
    return (filler,) * (MAX_RANK - len(numbers)) + numbers
