"""Tiles of Winograd's method, and what its matrices make of them."""

from __future__ import annotations

import numpy as np

from edge_compiler.float64.exact import Array
from edge_compiler.ir.graph import Node


def patches(node: Node, x: Array, m: int) -> Array:
    """Return what tiles of m x m results read: [row][column][channel][tile]."""
    height, width = node.output.shape[2:]
    top, left = node.attributes["pads"][:2]
    tiles = (-(-height // m), -(-width // m))
    edges = [
        (before, max(0, count * m + 2 - before - size))
        for before, count, size in zip((top, left), tiles, x.shape[2:], strict=True)
    ]
    padded = np.pad(x, [(0, 0), (0, 0), *edges])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (m + 2, m + 2), (2, 3))
    windows = windows[:, :, : tiles[0] * m : m, : tiles[1] * m : m]
    patches: Array = windows.transpose(4, 5, 1, 0, 2, 3).reshape(m + 2, m + 2, x.shape[1], -1)
    return patches


def both_ways(array: Array, matrix: Array) -> Array:
    """Transform the first two axes."""
    once = np.tensordot(matrix, array, (1, 0))
    both: Array = np.moveaxis(np.tensordot(matrix, once, (1, 1)), 0, 1)
    return both


def results(node: Node, products: Array, out: Array) -> Array:
    """Transform products of points back: [row][column][channel][tile] to an image."""
    images, channels, height, width = node.output.shape
    m = len(out)
    rows, columns = -(-height // m), -(-width // m)
    tiles = both_ways(products, out).reshape(m, m, channels, images, rows, columns)
    whole: Array = tiles.transpose(3, 2, 4, 0, 5, 1).reshape(
        images, channels, rows * m, columns * m
    )
    return whole[:, :, :height, :width]
