"""Layers of random networks that join, cut and move: see random_networks.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from small_models import node

if TYPE_CHECKING:
    from random_networks import Network

Shape = tuple[int, ...]


def join(net: Network, name: str, shape: Shape) -> None:
    others = [other for other, size in net.values if size == shape]
    other = net.choose.choice(others)
    if net.choose.random() < 0.75:
        op = net.choose.choice(["Add", "Sum", "Sub", "Mul", "Max", "Min"])
        net.add(op, f"{name} {other}", shape)
    elif math.prod(shape) < 4000:
        axis = net.choose.choice([1, 1, 2, 3])
        parts = net.choose.choice([[name, other], [name, name], [other, name, other]])
        joined = tuple(s * len(parts) if i == axis else s for i, s in enumerate(shape))
        net.add("Concat", " ".join(parts), joined, axis=axis)


def flip(net: Network, name: str, shape: Shape) -> None:
    """Take along one axis or two, backwards or all but the first."""
    axes = net.choose.sample([1, 2, 3], net.choose.choice([1, 2]))
    steps = [net.choose.choice([-1, -1, 1]) if shape[axis] > 1 else -1 for axis in axes]
    starts = net.given([-1 if step < 0 else 1 for step in steps])
    ends = net.given([-(2**62) if step < 0 else 2**62 for step in steps])
    taken = list(shape)
    for axis, step in zip(axes, steps, strict=True):
        taken[axis] -= step > 0
    net.add("Slice", f"{name} {starts} {ends} {net.given(axes)} {net.given(steps)}", tuple(taken))


def split(net: Network, name: str, shape: Shape) -> None:
    """Cut in two; both parts, and what is whole, may be read later."""
    axis = net.choose.choice([1, 1, 2, 3])
    if shape[axis] < 2:
        return
    first = net.choose.randint(1, shape[axis] - 1)
    sizes = (first, shape[axis] - first)
    parts = [f"v{len(net.values)}_{len(net.nodes)}_{side}" for side in "ab"]
    net.nodes.append(node("Split", f"{name} {net.given(sizes)}", " ".join(parts), axis=axis))
    for part, size in zip(parts, sizes, strict=True):
        net.values.append((part, (*shape[:axis], size, *shape[axis + 1 :])))


def turn(net: Network, name: str, shape: Shape) -> None:
    """Order the axes anew, or name them so."""
    axes = [0, *net.choose.sample([1, 2, 3], 3)]
    turned = tuple(shape[axis] for axis in axes)
    kinds = ["Transpose", "Reshape", "Identity"] + ["Squeeze"] * (shape[0] == 1)
    kind = net.choose.choice(kinds)
    if kind == "Transpose":
        net.add(kind, name, turned, perm=axes)
    elif kind == "Reshape":
        net.add(kind, f"{name} {net.given(turned)}", turned)
    elif kind == "Squeeze":
        net.add(kind, f"{name} {net.given([0])}", shape)
        net.add("Unsqueeze", f"{net.values.pop()[0]} {net.given([0])}", shape)
    else:
        net.add(kind, name, shape)


def shuffle(net: Network, name: str, shape: Shape) -> None:
    """Interleave the halves of the channels, as ShuffleNet does."""
    halves = (shape[0], 2, shape[1] // 2, *shape[2:])
    if shape[1] % 2:
        return
    net.add("Reshape", f"{name} {net.given(halves)}", halves)
    net.add("Transpose", net.values.pop()[0], shape, perm=[0, 2, 1, 3, 4])
    net.add("Reshape", f"{net.values.pop()[0]} {net.given(shape)}", shape)


def rearrange(net: Network, name: str, shape: Shape) -> None:
    """Turn channels into pixels or pixels into channels, or repeat what there is."""
    images, channels, height, width = shape
    if channels % 4 == 0:
        wider = (images, channels // 4, 2 * height, 2 * width)
        net.add("DepthToSpace", name, wider, blocksize=2, mode=net.choose.choice(["DCR", "CRD"]))
    elif height % 2 == width % 2 == 0:
        net.add("SpaceToDepth", name, (images, 4 * channels, height // 2, width // 2), blocksize=2)
    elif width < 8:
        net.add("Tile", f"{name} {net.given([1, 1, 1, 2])}", (*shape[:3], 2 * width))
