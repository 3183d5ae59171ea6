"""Conv and Gemm: register-tiled direct convolution, depthwise convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.buffers import BLOCK, Buffer, Halo
from edge_compiler.targets.c.lowering import image_size, Lowering, lowers
from edge_compiler.targets.c.program import Call, Field, Pointer, reading, Table, writing
from edge_compiler.targets.c.variants import Variant

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Geometry:
    """A convolution's attributes: pairs are (vertical, horizontal)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int, int, int]

    @classmethod
    def of(cls, node: Node) -> Geometry:
        """Read the attributes of a Conv or pool node."""
        a = node.attributes
        return cls(
            tuple(a["kernel_shape"]),
            tuple(a.get("strides") or (1, 1)),
            tuple(a.get("dilations") or (1, 1)),
            tuple(a.get("pads") or (0, 0, 0, 0)),
        )

    def halo(self, size: tuple[int, int], out: tuple[int, int]) -> Halo:
        """Return the zeros that the kernel reads around an image of ``size``."""
        top, left = self.pads[:2]
        reach = [
            (out[i] - 1) * self.stride[i] + (self.kernel[i] - 1) * self.dilation[i] + 1
            for i in range(2)
        ]
        return Halo(top, left, max(0, reach[0] - top - size[0]), max(0, reach[1] - left - size[1]))

    def fields(self) -> dict[str, Field]:
        """Return the fields that every windowed kernel has."""
        names = ("kernel", "stride", "dilation")
        return {f"{n}_{axis}": getattr(self, n)[i] for n in names for i, axis in enumerate("hw")}

    def __str__(self) -> str:
        stride = f" stride {self.stride[0]}" if self.stride != (1, 1) else ""
        return f"{self.kernel[0]}x{self.kernel[1]}{stride}"


def _check_conv(node: Node) -> str | None:
    rank = len(node.input(1).shape)
    if rank != 4:
        return f"only 2-D convolution is supported, the weights have {rank} dimensions"
    if any(value is not None and value.constant is None for value in node.inputs[1:]):
        return "weights and bias must be constants"
    return None


@lowers("Conv", check=_check_conv)
def lower_conv(low: Lowering, node: Node) -> None:
    """Choose between depthwise and direct convolution."""
    value, w = node.input(0), required(node, 1)
    bias = node.constant(2)
    b = np.zeros(w.shape[0], np.float32) if bias is None else bias
    geometry = Geometry.of(node)
    groups = node.attributes.get("group", 1)
    source = low.planar(value) if groups == 1 and value.shape[1] < BLOCK else None
    source = source or low.blocked(value)
    residual = low.blocked(node.fused.residual) if node.fused.residual is not None else None
    target = low.new_blocked(node.output)
    source.require(geometry.halo(image_size(value)[1:], image_size(node.output)[1:]))
    layer = _Layer(node, geometry, source, target, residual)
    if groups == w.shape[0] == value.shape[1] and groups > 1:
        _add_depthwise(low, layer, w, b)
    elif groups > 1:
        _add_grouped(low, layer, w, b, groups)
    else:
        _add_direct(low, layer, pack(w, source.block), pad_channels(b), w.shape[1])


@lowers("Gemm", "MatMul", check=lambda node: _check_gemm(node))
def lower_gemm(low: Lowering, node: Node) -> None:
    """Lower a matrix product with a row vector to a 1x1 convolution of one pixel."""
    a, matrix, bias = node.attributes, required(node, 1), node.constant(2)
    w = matrix if a.get("transB") else matrix.T
    b = np.zeros(w.shape[0], np.float32)
    if bias is not None:
        b = np.broadcast_to(bias, (1, w.shape[0]))[0] * np.float32(a.get("beta", 1.0))
    w = w[:, :, None, None] * np.float32(a.get("alpha", 1.0))
    source, target = low.dense(node.input(0)), low.new_dense(node.output)
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
    layer = _Layer(node, geometry, source, target, None)
    _add_direct(low, layer, pack(w, BLOCK), pad_channels(b), w.shape[1])


def _check_gemm(node: Node) -> str | None:
    value, weight = node.input(0), node.input(1)
    if any(other is not None and other.constant is None for other in node.inputs[1:]):
        return "the second matrix and the bias must be constants"
    if len(weight.shape) != 2 or int(np.prod(value.shape[:-1])) != 1:
        return f"only a row vector times a matrix is supported, received {list(value.shape)}"
    if node.attributes.get("transA"):
        return "a transposed first matrix is not supported"
    return None


@dataclass(frozen=True)
class _Layer:
    """A convolution's node with its buffers."""

    node: Node
    geometry: Geometry
    source: Buffer
    target: Buffer
    residual: Buffer | None

    @property
    def reads(self) -> list[Buffer]:
        return [self.source] if self.residual is None else [self.source, self.residual]

    def macs(self, weights: int) -> int:
        """Return the multiply-accumulates, given the number of weights of all channels."""
        shape = self.node.output.shape
        return weights * (shape[2] * shape[3] if len(shape) == 4 else 1)

    def pointers(self, w: Pointer, b: Pointer) -> tuple[Pointer, ...]:
        """Return the arguments of a convolution kernel."""
        x = reading(self.source, -self.geometry.pads[0], -self.geometry.pads[1])
        y = writing(self.target)
        return x, w, b, y, reading(self.residual) if self.residual is not None else y

    def common_fields(self) -> dict[str, Field]:
        """Return the fields that direct and depthwise convolution share."""
        fields = self.geometry.fields()
        fields["act"] = self.node.fused.activation
        fields["has_residual"] = int(self.residual is not None)
        return fields


def required(node: Node, index: int) -> Array:
    """Return the data of an input that the checks have found to be constant."""
    data = node.constant(index)
    if data is None:
        raise ValueError(f"{node.op} node {node.name!r}: input {index} is not constant")
    return data


def pack(weights: Array, lanes: int) -> Array:
    """
    Pack (out, in, h, w) for conv.h: [out block][in block][h][w][in lane][16 out].

    The last input block keeps just its own lanes: no work is done on padding.
    """
    padded = _pad_first(weights)
    blocks = padded.reshape(-1, BLOCK, *weights.shape[1:])
    slices = [
        blocks[:, :, i : i + lanes].transpose(0, 3, 4, 2, 1).reshape(blocks.shape[0], -1)
        for i in range(0, weights.shape[1], lanes)
    ]
    return np.concatenate(slices, axis=1)


def pad_channels(vector: Array) -> Array:
    """Extend a vector with one element a channel to whole blocks, by zeros."""
    return _pad_first(vector.reshape(-1))


def _pad_first(array: Array) -> Array:
    missing = -array.shape[0] % BLOCK
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))


def _add_direct(
    low: Lowering,
    layer: _Layer,
    packed: Array,
    bias: Array,
    in_channels: int,
    first_block: Table | None = None,
) -> None:
    """Add a step of conv.h; ``in_channels`` are those that one output channel reads."""
    w, b = low.weights.add(packed), low.weights.add(bias)
    source, target, residual, geometry = (
        layer.source,
        layer.target,
        layer.residual,
        layer.geometry,
    )
    lanes = BLOCK if len(layer.node.output.shape) != 4 else source.block
    out_blocks = bias.size // BLOCK

    def call(variant: Variant) -> Call:
        height, width = (1, 1) if target.block == 1 else (target.height, target.width)
        images = [b for b in (source, target, residual) if b is not None]
        pointwise = geometry.kernel == geometry.stride == (1, 1) and not any(geometry.pads)
        if pointwise and all(image.is_flat for image in images):
            height, width = 1, height * width  # the whole plane is one long row
        tile = choose_tile(width, out_blocks, variant, one_block=first_block is not None)
        weights_outweigh = packed.size > in_channels * source.height * source.width
        fields: dict[str, Field] = {
            "in_blocks": -(-in_channels // lanes),
            "in_lanes": lanes,
            "last_lanes": (in_channels - 1) % lanes + 1,
            "in_plane": source.plane if source.block == lanes else lanes,
            "in_row": source.row,
            "chunk": _chunk(in_channels, lanes, geometry),
            "block_weights": packed.shape[1],
            "out_blocks": out_blocks,
            "out_h": height,
            "out_w": width,
            "out_plane": target.plane if target.block == BLOCK else BLOCK,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "pixels": tile.pixels,
            "blocks": tile.blocks,
            "wide_tiles": tile.wide,
            "narrow_tiles": tile.narrow,
            "order": "CHANNELS_OUTER" if weights_outweigh else "ROWS_OUTER",
            "first_block": first_block,
        }
        return Call("conv_run", "conv", fields | layer.common_fields(), layer.pointers(w, b))

    grouped = " grouped" if first_block else ""
    low.add(
        layer.node,
        f"direct{grouped} {geometry}",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        macs=layer.macs(in_channels * geometry.kernel[0] * geometry.kernel[1] * bias.size),
        weight_floats=packed.size,
    )


def _add_grouped(low: Lowering, layer: _Layer, w: Array, b: Array, groups: int) -> None:
    """
    Run a grouped convolution as a dense one on the input blocks that each output block needs.

    Weights between an output channel and inputs of other groups in those blocks are zero.
    """
    out_channels, group_in, kh, kw = w.shape
    group_out, in_blocks = out_channels // groups, layer.source.blocks
    spans = []
    for first in range(0, out_channels, BLOCK):
        last = min(first + BLOCK, out_channels) - 1
        low_channel = first // group_out * group_in
        high_channel = (last // group_out + 1) * group_in
        spans.append((low_channel // BLOCK, -(-high_channel // BLOCK)))
    count = max(high - start for start, high in spans)
    starts = [min(start, in_blocks - count) for start, _ in spans]
    dense = np.zeros((out_channels, count * BLOCK, kh, kw), np.float32)
    for channel in range(out_channels):
        at = channel // group_out * group_in - starts[channel // BLOCK] * BLOCK
        dense[channel, at : at + group_in] = w[channel]
    table = Table("uint16_t", tuple(map(str, starts)))
    _add_direct(low, layer, pack(dense, BLOCK), pad_channels(b), count * BLOCK, table)


def _add_depthwise(low: Lowering, layer: _Layer, w: Array, b: Array) -> None:
    """Add a step of depthwise.h."""
    blocks = _pad_first(w[:, 0]).reshape(-1, BLOCK, *w.shape[2:]).transpose(0, 2, 3, 1)
    weights, bias = low.weights.add(blocks), low.weights.add(pad_channels(b))
    source, target, residual = layer.source, layer.target, layer.residual

    def call(variant: Variant) -> Call:
        fields: dict[str, Field] = {
            "blocks": source.blocks,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "pixels": min(target.width, 8 if variant.accumulators > 12 else 4),
        }
        pointers = layer.pointers(weights, bias)
        return Call("depthwise_run", "depthwise", fields | layer.common_fields(), pointers)

    low.add(
        layer.node,
        f"depthwise {layer.geometry}",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        macs=layer.macs(w.size),
        weight_floats=blocks.size,
    )


def _chunk(in_channels: int, lanes: int, geometry: Geometry) -> int:
    """Return the input blocks of a partial sum of some thousand terms; 0 if the sum is short."""
    terms = geometry.kernel[0] * geometry.kernel[1] * lanes
    chunk = max(1, _SUM_TERMS // terms)
    return chunk if in_channels >= 2 * chunk * lanes else 0


_SUM_TERMS = 1024
"""Terms that are added one by one; a longer sum is a sum of such sums."""


@dataclass(frozen=True)
class Tile:
    """A register tile; a row is ``wide`` tiles of ``pixels``, then ``narrow`` smaller ones."""

    pixels: int
    blocks: int
    wide: int
    narrow: int


def choose_tile(width: int, out_blocks: int, variant: Variant, *, one_block: bool) -> Tile:
    """Return the tile with the least estimated cycles for a row of ``width`` pixels."""
    return min(
        _tiles(width, out_blocks, variant, one_block),
        key=lambda tile: (_cycles(tile, out_blocks, variant), -tile.pixels),
    )


def _tiles(width: int, out_blocks: int, variant: Variant, one_block: bool) -> Iterator[Tile]:
    """Yield the tiles whose sums fit into the registers and that cut the row evenly."""
    for blocks in range(1, 2 if one_block else min(8, out_blocks) + 1):
        largest = variant.accumulators // (blocks * variant.vectors)
        for pixels in range(1, min(largest, width) + 1):
            count = -(-width // pixels)
            narrow = count * pixels - width
            if narrow < count and (pixels > 1 or narrow == 0):
                yield Tile(pixels, blocks, count - narrow, narrow)


def _cycles(tile: Tile, out_blocks: int, variant: Variant) -> float:
    """
    Estimate the cycles for one row of all output blocks, per weight position.

    Each input lane costs two multiply-adds a cycle and two loads a cycle, and no less than the
    latency of one multiply-add; each tile costs its stores, spread over the sum's length.
    """

    def one(pixels: int, blocks: int) -> float:
        vectors = blocks * variant.vectors
        products, loads = pixels * vectors / 2, (pixels + vectors) / 2
        return max(products, loads, 4.0) + 0.02 * (pixels * vectors + 8)

    def row(blocks: int) -> float:
        narrow = tile.narrow * one(tile.pixels - 1, blocks) if tile.narrow else 0.0
        return tile.wide * one(tile.pixels, blocks) + narrow

    groups, rest = divmod(out_blocks, tile.blocks)
    return groups * row(tile.blocks) + (row(rest) if rest else 0.0)
