"""From a layer to the steps of winograd.h."""

from __future__ import annotations

import numpy as np

from edge_compiler.samples.magnitudes import LARGEST, SMALLEST
from edge_compiler.targets.c.algorithms.direct.pairs import (
    add_pairs,
    exponent_of,
    suits_pairs,
)
from edge_compiler.targets.c.algorithms.winograd.candidates import WINOGRAD_BLOCKS
from edge_compiler.targets.c.algorithms.winograd.cost import (
    prepares_pairs,
    transformed_weights,
    transforms_when_run,
)
from edge_compiler.targets.c.algorithms.winograd.steps import count_points, count_tiles, Steps
from edge_compiler.targets.c.choice import Chooser, Scheme
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in
from edge_compiler.targets.c.layer import Layer, pack, pad_channels
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import BFLOAT16, FLOAT16
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import CONVOLUTION, HALF_POINTS, OPERANDS, POINTS

_SLICE_FLOATS = BLOCK * BLOCK + BLOCK
"""WINOGRAD_SLICE of winograd.h."""
_ROUNDED = {BFLOAT16: POINTS, FLOAT16: HALF_POINTS}
_SPARE = 64
"""See `precision/float16.py`: transformed weights are as large as weights, or some smaller."""


def lower_winograd(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """
    Add the steps: one transforms the input, one multiplies and transforms the results.

    Where products of bfloat16 take less time than the transforms of weights that no cache would
    hold, the second one computes the layer directly with these, and the first one has nothing to
    do.
    """
    m, chunk = scheme.parameters
    source, target, channels = layer.source, layer.target, w.shape[1]
    rows, columns = count_tiles(target, m)
    source.require(layer.geometry.halo((source.height, source.width), (rows * m, columns * m)))
    problem, biases = layer.problem(channels), pad_channels(b)
    bias = low.weights.add(biases)
    raw = transforms_when_run(problem, m)
    packed = in_halves(pack(w, BLOCK))
    half = is_half(packed)
    type_ = suits_pairs(low, layer, packed, channels)
    original = (low.weights if raw else low.originals).add(packed)
    in_pairs = (
        bool(type_)
        and prepares_pairs(problem, m)
        and (type_ != FLOAT16 or _in_range(w))
        and low.graph.producer(layer.node.output) is layer.node  # whose points the proof can make
    )
    directly = None
    if type_ == BFLOAT16 and not in_pairs:
        directly = add_pairs(low, layer, original, biases, channels)
    exponent = (exponent_of(low, layer) or 0) if type_ == FLOAT16 else 0
    prepared_bytes, place = transformed_weights(problem, m) * FLOAT32.bytes, 0
    if in_pairs or not raw:
        form = (m, channels, problem.out_blocks)  # equal bytes may be other weights
        size = prepared_bytes // 2 if raw else prepared_bytes
        place = low.reserve_prepared((original, form), size)
    together = 1 if raw and not in_pairs else min(WINOGRAD_BLOCKS, target.blocks)
    products = count_points(m) * chunk * together * BLOCK
    low.reserve_scratch((products + count_points(m) * _SLICE_FLOATS * raw) * FLOAT32.bytes)
    floats = -(-rows * columns // chunk) * count_points(m) * chunk * source.blocks * BLOCK
    steps = Steps(
        layer,
        chooser,
        scheme,
        m,
        chunk,
        channels,
        gathered=Buffer(f"{layer.node.output.name}/points", (source.images, floats)),
        original=original,
        bias=bias,
        half=half,
        raw=raw,
        place=place,
        pairs=type_ if in_pairs else "",
        exponent=exponent,
        directly=directly,
    )
    low.add(
        layer.node,
        "Winograd points",
        [source],
        steps.gathered,
        steps.transform,
        group=CONVOLUTION,
    )
    name = "Winograd" if directly is None else "direct"
    low.add(
        layer.node,
        f"{name} {layer.geometry}{kept_in(half=half)}{f', products of {type_}' * in_pairs}",
        [steps.gathered, *layer.reads[directly is None :]],
        target,
        steps.multiply,
        value=layer.node.output,
        group=CONVOLUTION,
        prepare=steps.prepare,
        rounds=_ROUNDED[type_][m] if in_pairs else OPERANDS if directly else "",
        macs=layer.macs(channels * 9 * target.blocks * BLOCK),
        weight_bytes=packed.nbytes if raw else prepared_bytes,
        choose=steps.choose,
    )


def _in_range(w: Array) -> bool:
    """Return whether float16 has place for transformed weights, with all digits of most."""
    return bool(SMALLEST * _SPARE <= np.abs(w).max() <= LARGEST / _SPARE)
