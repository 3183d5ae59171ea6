"""Which layers may multiply in float16, and add up a few products in it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from edge_compiler.description.metadata import Float16, MOST_EXPONENT
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ir.half_sums import half_sums
from edge_compiler.ir.winograd import TRANSFORMS
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.session import Session
from edge_compiler.samples.magnitudes import LARGEST, magnitudes, SMALLEST
from edge_perception.runtime.manifest import Preprocess

Array = np.ndarray[Any, Any]

_LAYERS = ("Conv",)
_LEAST, _MOST = SMALLEST * 64, LARGEST / 64
"""Of the largest numbers that were seen: others may be so much smaller and keep all digits, and so
much larger on other inputs and have place."""
_SAMPLES = 32


def float16_layers(
    graph: Graph, preprocess: Preprocess | None, samples: Samples | None
) -> Float16:
    """
    Return by which power of two layers multiply their input, so that float16 has place for it.

    It must have place for sums of a few products, too, and for more than what is seen here.

    :param preprocess: what the input is; None: not known.
    :param samples: of the user; None: there are none, so random numbers have to do.
    """
    layers = [node for node in graph.nodes if node.op in _LAYERS and node.constant(1) is not None]
    given = {value.name for value in graph.inputs}
    session = Session(graph, sorted({node.input(0).name for node in layers} - given))
    some = [] if samples is None else itertools.islice(samples, _SAMPLES)
    most = magnitudes(graph, session.run, preprocess, some)
    found = {node.name: _exponent(node, most.get(node.input(0).name, 0.0)) for node in layers}
    return Float16(
        {
            name: exponent
            for name, exponent in found.items()
            if exponent is not None and name.isprintable()  # as names in JSON must be
        }
    )


def _exponent(layer: Node, most: float) -> int | None:
    """Return what fits; None if nothing does, as weights are much larger or smaller than one."""
    weights = layer.constant(1)
    assert weights is not None
    factors = [1.0, _largest_sum(np.abs(weights))]
    if _may_be_winograd(layer):
        factors += _winograd(weights)
    if not all(0 < most * factor < math.inf for factor in factors):
        return None
    ends = (most * min(factors), most * max(factors))
    exponent = 0
    if ends[0] < _LEAST or ends[1] > _MOST:
        exponent = math.floor(math.log2(_MOST / ends[1]))
    fits = ends[0] * 2.0**exponent >= _LEAST and abs(exponent) <= MOST_EXPONENT
    return exponent if fits else None


def _largest_sum(weights: Array) -> float:
    """Return how large a sum may be of the weights whose products are added up together."""
    starts = [first for first, _ in half_sums(weights.shape[1], weights.shape[2:])]
    return float(np.add.reduceat(weights, starts, axis=1).max())


def _may_be_winograd(layer: Node) -> bool:
    """Return whether kernels may compute it by F(4x4, 3x3), whose numbers are the largest."""
    attributes = layer.attributes
    return (
        attributes["kernel_shape"] == [3, 3]
        and set(attributes["strides"]) == set(attributes["dilations"]) == {1}
        and attributes["group"] == 1
    )


def _winograd(weights: Array) -> tuple[float, float]:
    """Return how many times as large as the input points may be, and sums of their products."""
    into, kernel, _ = TRANSFORMS[4]
    points = np.abs(np.einsum("ay,bx,kcyx->kcab", kernel, kernel, weights))
    rows = np.abs(into).sum(1)
    most = np.multiply.outer(rows, rows)
    return float(most.max()), _largest_sum(points * most)
