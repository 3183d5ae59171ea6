"""Layers of random networks that apply functions of one number or two: see random_networks.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from operator_functions import ACTIVATIONS, PARTIAL

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]


JUMPS = ("Floor", "Ceil", "Round", "Sign", "ThresholdedRelu")
"""Functions that jump somewhere: a rounding before them may become a one."""
SMOOTH = [
    case for name, case in ACTIVATIONS.items() if name not in PARTIAL and case[0] not in JUMPS
]


def arithmetic(net: Network, name: str, shape: Shape) -> None:
    op = net.choose.choice(["Add", "Sub", "Mul", "Div"])
    dims = net.choose.choice([(), (shape[1], 1, 1), (1, 1, 1, shape[3]), shape])
    other = net.constant(*dims, low=0.5, high=2)
    swap = op != "Div" and net.choose.random() < 0.5
    net.add(op, f"{other} {name}" if swap else f"{name} {other}", shape)


def activation(net: Network, name: str, shape: Shape) -> None:
    op, attributes = net.choose.choice([*SMOOTH, ("Clip", {}), ("Dropout", {})])
    bounds = f"{net.constant(low=-1, high=0)} -" if op == "Clip" else ""
    net.add(op, f"{name} {bounds}", shape, **attributes)


def gate(net: Network, name: str, shape: Shape) -> None:
    net.add(net.choose.choice(["Sigmoid", "HardSigmoid"]), name, shape)
    net.add("Mul", f"{net.values[-1][0]} {name}", shape)


def slope(net: Network, name: str, shape: Shape) -> None:
    net.add("PRelu", f"{name} {net.constant(shape[1], 1, 1)}", shape)


def magnify(net: Network, name: str, shape: Shape) -> None:
    """Apply a function that is not defined, or too steep, for every number."""
    net.add("Abs", name, shape)
    net.add("Softsign", *net.values.pop())
    size = net.values.pop()[0]
    net.add("Add", f"{size} {net.constant(1, low=0.5, high=2)}", shape)
    op = net.choose.choice(["Sqrt", "Log", "Reciprocal", "Exp", "Pow", "Sinh", "Cosh"])
    inner = net.values.pop()[0]
    net.add(op, f"{inner} {net.constant(1, low=-1)}" if op == "Pow" else inner, shape)


def turn_round(net: Network, name: str, shape: Shape) -> None:
    """Apply a function of angles to what is below one, or its inverse."""
    net.add("Sigmoid", name, shape)
    op = net.choose.choice(["Tan", "Asin", "Acos", "Atanh", "Acosh"])
    if op == "Acosh":
        net.add("Add", f"{net.values.pop()[0]} {net.given(np.float32(1.5))}", shape)
    elif op != "Tan":
        net.add("Mul", f"{net.values.pop()[0]} {net.given(np.float32(0.9))}", shape)
    net.add(op, net.values.pop()[0], shape)


def jump(net: Network, name: str, shape: Shape) -> None:
    """Apply a function that jumps far from where it does."""
    net.add("Mul", f"{name} {net.constant(1, low=0, high=1e-9)}", shape)
    net.add("Add", f"{net.values.pop()[0]} {net.constant(1, low=0.6, high=0.9)}", shape)
    net.add(net.choose.choice(JUMPS), net.values.pop()[0], shape)
    net.add("Add", f"{net.values.pop()[0]} {name}", shape)
