"""What Winograd's method computes whose points are of float16, and added up in it: each bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.float16 import add_up, rounded
from edge_compiler.float64.winograd import patches, results
from edge_compiler.ir.graph import Node
from edge_compiler.ir.half_sums import half_sums
from edge_compiler.ir.winograd import DISTANCE, TRANSFORMS
from edge_perception.runtime.manifest import HALF_POINTS

_LAYERS = ("Conv",)

Transform = Callable[[Array], Sequence[Array]]


def round_half_points(
    node: Node,
    inputs: Sequence[Exact | None],
    output: Exact,
    rounding: Mapping[str, str],
    exponents: Mapping[str, int],
) -> Exact:
    """
    Return what a node computes if points, and sums of a few of their products, are of float16.

    Points are made in float32 as winograd_transform.h makes them, operation by operation. What may
    differ is how sums in float32 are added up, and the transform of the results.

    :param exponents: by which power of two inputs are multiplied before, by the node's name.
    """
    m = next((m for m, name in HALF_POINTS.items() if rounding.get(node.name) == name), 0)
    if node.op not in _LAYERS or not m:
        return output
    x, w, bias = (*inputs, None)[:3]
    assert x is not None
    assert w is not None
    exponent, out = exponents[node.name], TRANSFORMS[m][2]
    into, kernel = _OPERATIONS[m]
    points = rounded(_both_ways(patches(node, np.ldexp(x.value, exponent), m), into))
    weights = rounded(_both_ways(w.value.transpose(2, 3, 0, 1), kernel))
    total = np.zeros((*points.shape[:2], weights.shape[2], points.shape[3]))
    for place in np.ndindex(points.shape[:2]):
        for first, last in half_sums(w.value.shape[1], w.value.shape[2:]):
            add_up(weights[place][:, first:last], points[place][first:last], total[place])
    value = np.ldexp(results(node, total, out), -exponent)
    size = results(node, np.abs(weights) @ np.abs(points), np.abs(out))
    if bias is not None:
        value += bias.value[:, None, None]
    return Exact(value, np.maximum(output.size, np.ldexp(size, -exponent)), output.depth)


def _both_ways(array: Array, transform: Transform) -> Array:
    """Transform the first two axes, the first one first."""
    once = np.stack(transform(array.astype(np.float32)))
    return np.stack(transform(np.moveaxis(once, 1, 0)), axis=1)


def _add_product(total: Array, x: Array, factor: float) -> Array:
    """Return what one instruction makes of a sum and a product in float32: it rounds once."""
    product = np.float64(factor) * x.astype(np.float64)  # exact
    first = total.astype(np.float64)
    both = first + product
    part = both - first
    left = (first - (both - part)) + (product - part)
    # what float64 has rounded becomes its odd neighbour, so that it is in no middle of float32
    even = (both.view(np.int64) & 1) == 0
    both = np.where((left != 0) & even, np.nextafter(both, np.copysign(np.inf, left)), both)
    result: Array = both.astype(np.float32)
    return result


def _input_4(d: Array) -> list[Array]:
    a, square = DISTANCE, DISTANCE**2
    p, t = _add_product(d[4], d[2], -4 * square), _add_product(d[3], d[1], -4 * square)
    r, s = _add_product(d[4], d[2], -square), _add_product(d[3], d[1], -square)
    ends = [_add_product(d[4 + i], d[2 + i], -5 * square) for i in range(2)]
    return [
        _add_product(ends[0], d[0], 4 * square**2),
        *(_add_product(p, t, factor) for factor in (a, -a)),
        *(_add_product(r, s, factor) for factor in (2 * a, -2 * a)),
        _add_product(ends[1], d[1], 4 * square**2),
    ]


def _kernel_4(d: Array) -> list[Array]:
    a, square = DISTANCE, DISTANCE**2
    one = np.float32(1)
    scale = one / np.float32(square**2)
    near, far = -one / np.float32(6) * scale, one / np.float32(24) * scale
    even, wide = _add_product(d[0], d[2], square), _add_product(d[0], d[2], 4 * square)
    return [
        np.float32(0.25) * scale * d[0],
        *(near * _add_product(even, d[1], factor) for factor in (a, -a)),
        *(far * _add_product(wide, d[1], factor) for factor in (2 * a, -2 * a)),
        d[2],
    ]


# signs are those of `TRANSFORMS`, which make no difference to what is rounded
def _input_2(d: Array) -> list[Array]:
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]]


def _kernel_2(d: Array) -> list[Array]:
    half = np.float32(0.5)
    return [d[0], half * (d[0] + d[1] + d[2]), half * (d[0] - d[1] + d[2]), d[2]]


_OPERATIONS: dict[int, tuple[Transform, Transform]] = {
    2: (_input_2, _kernel_2),
    4: (_input_4, _kernel_4),
}
