"""What the kinds of convolution share: buffers, which results they compute, packing of weights."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.choice import Problem, Sizes
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Field, Pointer, reading, Table, writing
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.nodes import Array, Geometry
from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Phase:
    """
    Rows and columns of the result that a convolution computes: all, or some at equal distances.

    :ivar first: row and column of them.
    :ivar step: from one to the next.
    :ivar last: whether the result is complete with these.
    """

    first: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)
    last: bool = True

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return how many rows and columns there are in a result of this size."""
        (y, x), (down, right) = self.first, self.step
        return -((y - height) // down), -((x - width) // right)


@dataclass(frozen=True)
class Layer:
    """
    A convolution's node with its buffers.

    :ivar kind: see Problem.
    """

    node: Node
    geometry: Geometry
    source: Buffer
    target: Buffer
    residual: Buffer | None
    kind: str = "dense"
    phase: Phase = Phase()

    @property
    def reads(self) -> list[Buffer]:
        """The buffers that it reads."""
        return [self.source] if self.residual is None else [self.source, self.residual]

    @property
    def lanes(self) -> int:
        """Input channels that lie side by side."""
        return BLOCK if self.target.block == 1 else self.source.block

    @property
    def value(self) -> Value | None:
        """What is complete when this is computed."""
        return self.node.output if self.phase.last else None

    @property
    def out_blocks(self) -> int:
        """Blocks of output channels, see `Problem.kind`."""
        places = math.prod(self.phase.step) if self.kind == "spread" else 1
        return -(-self.target.channels // BLOCK) * places

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns that are computed."""
        return self.phase.size(self.target.height, self.target.width)

    @property
    def rows(self) -> tuple[int, int]:
        """Return number and width of the rows of the result, once the halos are known."""
        if self.target.block == 1:
            return (1, 1)
        g, size = self.geometry, self.size
        pointwise = g.kernel == g.stride == self.phase.step == (1, 1) and not any(g.pads)
        if pointwise and all(image.is_flat for image in (*self.reads, self.target)):
            return (1, size[0] * size[1])  # the whole plane is one long row
        return size

    def problem(self, channels: int) -> Problem:
        """
        Return what the choice of a kernel depends on, once the halos are known.

        :param channels: that one output channel reads.
        """
        activation = self.node.fused.activation
        height, width = self.rows
        return Problem(
            self.kind,
            channels,
            self.lanes,
            self.out_blocks,
            height,
            width,
            self.geometry.kernel,
            self.geometry.stride,
            self.geometry.dilation,
            self.residual is not None,
            "" if activation is None else activation.op,
            self.phase.step,
        )

    def macs(self, weights: int) -> int:
        """Return the multiply-accumulates, given the number of weights of all channels."""
        return weights * self.target.images * math.prod(self.size)

    def channel_sizes(self, channels: int) -> Sizes:
        """
        Return how the input's channels lie.

        :param channels: that one output channel reads.
        """
        return {
            "in_blocks": -(-channels // self.lanes),
            "last_lanes": (channels - 1) % self.lanes + 1,
        }

    def image_sizes(self) -> Sizes:
        """Return the sizes of the images, once all buffers have their place."""
        source, residual, lanes = self.source, self.residual, self.lanes
        return {
            "in_plane": source.plane if source.block == lanes else lanes,
            "in_row": source.row,
            "out_blocks": self.out_blocks,
            "out_row": self.phase.step[0] * self.target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
        }

    def pointers(self, w: Pointer, b: Pointer) -> tuple[Pointer, ...]:
        """Return the arguments of a convolution kernel."""
        x = reading(self.source, -self.geometry.pads[0], -self.geometry.pads[1])
        y = writing(self.target, *self.phase.first)
        return x, w, b, y, reading(self.residual) if self.residual is not None else y

    def common_fields(self) -> dict[str, Field]:
        """Return the fields that direct and depthwise convolution share."""
        fields = self.geometry.fields()
        fields["act"] = self.node.fused.activation
        fields["has_residual"] = int(self.residual is not None)
        fields["out_pixel"] = self.phase.step[1] * BLOCK
        return fields


def part_sizes(sizes: Sizes, blocks: int, variant: Variant) -> tuple[dict[str, Field], Sizes]:
    """
    Part a tile's sizes: those that its code must have as constants, and those read when it runs.

    Code with products by lanes unrolls loops over channels, and is faster with all as constants.

    :param blocks: of the tile. The weights of more than four at run-time distances would take
        registers that the sums need.
    """
    if variant.lane_products:
        return dict(sizes), {}
    constant = {"block_weights"} if blocks > 4 else set()
    fields: dict[str, Field] = {name: sizes[name] for name in sizes if name in constant}
    return fields, {name: sizes[name] for name in sizes if name not in constant}


def pack(weights: Array, lanes: int) -> Array:
    """
    Pack (out, in, h, w) for conv.h: [out block][in block][h][w][in lane][16 out].

    The last input block keeps just its own lanes: no work is done on padding.
    """
    whole = pad_first(weights)
    blocks = whole.reshape(len(whole) // BLOCK, BLOCK, *weights.shape[1:])
    packed = np.empty((len(blocks), weights[0].size * BLOCK), weights.dtype)
    column = 0
    for i in range(0, weights.shape[1], lanes):
        part = blocks[:, :, i : i + lanes].transpose(0, 3, 4, 2, 1)
        size = part[0].size
        packed[:, column : column + size].reshape(part.shape)[:] = part
        column += size
    return packed


def spread_groups(w: Array, in_channels: int) -> tuple[Array, Table]:
    """
    Return the weights of a grouped convolution as those of a dense one, and where it reads.

    Each output block reads the few input blocks that it needs, from the table's block on; weights
    between an output channel and inputs of other groups in those blocks are zero.
    """
    out_channels, group_in, kh, kw = w.shape
    group_out = out_channels // (in_channels // group_in)
    in_blocks = -(-in_channels // BLOCK)
    spans = []
    for first in range(0, out_channels, BLOCK):
        last = min(first + BLOCK, out_channels) - 1
        low_channel = first // group_out * group_in
        high_channel = (last // group_out + 1) * group_in
        spans.append((low_channel // BLOCK, -(-high_channel // BLOCK)))
    count = max(high - start for start, high in spans)
    starts = [min(start, in_blocks - count) for start, _ in spans]
    dense = np.zeros((out_channels, count * BLOCK, kh, kw), w.dtype)
    for channel in range(out_channels):
        at = channel // group_out * group_in - starts[channel // BLOCK] * BLOCK
        dense[channel, at : at + group_in] = w[channel]
    return dense, Table("uint16_t", tuple(map(str, starts)))


def spread_places(w: Array, b: Array) -> tuple[Array, Array]:
    """
    Return weights and bias of a convolution that makes a window of each pixel.

    :param w: (out, in, h, w); a block of the result has channels at one place of the window.
    """
    channels, (height, width) = w.shape[1], w.shape[2:]
    blocks = pad_first(w).reshape(-1, BLOCK, channels, height, width)
    biases = pad_channels(b).reshape(-1, 1, BLOCK).repeat(height * width, 1)
    return blocks.transpose(0, 3, 4, 1, 2).reshape(-1, channels, 1, 1), biases.reshape(-1)


def pad_channels(vector: Array) -> Array:
    """Extend a vector with one element a channel to whole blocks, by zeros."""
    return pad_first(vector.reshape(-1))


def pad_first(array: Array) -> Array:
    """Extend the first dimension to whole blocks, by zeros."""
    missing = -array.shape[0] % BLOCK
    if not missing:
        return array
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))
