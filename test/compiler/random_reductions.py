"""Layers of random networks that reduce axes: see random_networks.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]


_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "L1", "L2", "LogSumExp")


def normalise(net: Network, name: str, shape: Shape) -> None:
    if net.choose.random() < 0.5:
        net.add("Softmax", name, shape, axis=net.choose.choice([1, 3]))
    elif net.choose.random() < 0.5:
        net.add("LRN", name, shape, size=3, alpha=0.1)
    else:
        constants = f"{net.constant(shape[1])} {net.constant(shape[1])}"
        net.add("InstanceNormalization", f"{name} {constants}", shape, epsilon=0.1)


def weigh(net: Network, name: str, shape: Shape) -> None:
    """Combine a value with what some of its axes come down to; a difference might be noise."""
    axes = sorted(net.choose.choice([[1], [2], [3], [1, 2], [2, 3], [1, 3], [1, 2, 3]]))
    op = net.choose.choice([f"Reduce{how}" for how in _REDUCTIONS])
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    net.add(op, f"{name} {net.given(axes)}", kept)
    net.add(net.choose.choice(["Add", "Max"]), f"{name} {net.values[-1][0]}", shape)


def multiply(net: Network, name: str, shape: Shape) -> None:
    """Come down to products and squares, of what is below one."""
    net.add("Sigmoid", name, shape)
    op = net.choose.choice(["ReduceProd", "ReduceSumSquare", "ReduceLogSum"])
    if op == "ReduceLogSum":  # of numbers far below zero nothing is left, which has no logarithm
        net.add("Add", f"{net.values.pop()[0]} {net.given(np.float32(0.1))}", shape)
    net.add(op, f"{net.values.pop()[0]} {net.given([3])}", (*shape[:3], 1))
    net.add("Add", f"{net.values.pop()[0]} {name}", shape)


def add_up(net: Network, name: str, shape: Shape) -> None:
    """Add up pixels as they come."""
    axis = net.given(net.choose.choice([1, 2, 3]))
    sides = {"exclusive": net.choose.choice([0, 1]), "reverse": net.choose.choice([0, 1])}
    net.add("CumSum", f"{name} {axis}", shape, **sides)
