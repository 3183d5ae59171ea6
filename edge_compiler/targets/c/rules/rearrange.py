"""Operators that see the axes of a tensor as several: one copy in another order, or repeated."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.table import ALL, lowers
from edge_compiler.targets.program.boxes import copy_box
from edge_compiler.targets.program.layout import DENSE, merge_axes, row_major
from edge_compiler.targets.program.limits import require_axes, require_constant
from edge_compiler.targets.program.lowering import Lowering


@lowers("DepthToSpace", types=ALL)
def lower_depth_to_space(low: Lowering, node: Node) -> None:
    """Take [N, b, b, C, H, W], or [N, C, b, b, H, W] of mode CRD, as [N, C, H, b, W, b]."""
    images, channels, height, width = node.input(0).shape
    b = node.attributes["blocksize"]
    inner = channels // b**2
    if node.attributes["mode"] == "CRD":
        shape, order = (images, inner, b, b, height, width), (0, 1, 4, 2, 5, 3)
    else:
        shape, order = (images, b, b, inner, height, width), (0, 3, 4, 1, 5, 2)
    copy_in_order(low, node, shape, order)


@lowers("SpaceToDepth", types=ALL)
def lower_space_to_depth(low: Lowering, node: Node) -> None:
    """Take [N, C, H, b, W, b] as [N, b, b, C, H, W]."""
    images, channels, height, width = node.input(0).shape
    b = node.attributes["blocksize"]
    shape = (images, channels, height // b, b, width // b, b)
    copy_in_order(low, node, shape, (0, 3, 5, 1, 2, 4))


def copy_in_order(
    low: Lowering, node: Node, shape: tuple[int, ...], order: tuple[int, ...]
) -> None:
    """Copy the input, seen as of this shape, with its axes in another order."""
    steps = row_major(shape)
    turned = tuple(shape[axis] for axis in order)
    _copy(low, node, turned, tuple(steps[axis] for axis in order))


def _tiles(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the output's shape with two axes for each, and the input's steps along them."""
    shape, full = node.input(0).shape, node.output.shape
    pairs = zip(shape, full, row_major(shape), strict=True)
    split = [((whole // size, 0), (size, step)) for size, whole, step in pairs]
    return tuple(n for pair in split for n, _ in pair), tuple(s for pair in split for _, s in pair)


def check_tile(node: Node) -> str | None:
    """Repeat along dimensions so often as is known before the model runs."""
    shape, steps = _tiles(node)
    axes, _ = merge_axes(shape, steps, row_major(shape))
    return require_axes("tiles", len(axes)) or require_constant(node, 1)


@lowers("Tile", check=check_tile, types=ALL)
def lower_tile(low: Lowering, node: Node) -> None:
    """Copy, reading the same elements again."""
    _copy(low, node, *_tiles(node))


def _copy(low: Lowering, node: Node, shape: tuple[int, ...], steps: tuple[int, ...]) -> None:
    """Copy the input with these steps to the output, seen as of this shape."""
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    whole = row_major(shape)
    copy_box(low, node, node.output, shape, (source, (steps, 0)), (target, (whole, 0)))
