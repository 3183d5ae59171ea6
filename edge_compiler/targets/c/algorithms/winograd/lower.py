"""From a layer to the steps of winograd.h."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_compiler.samples.magnitudes import LARGEST, SMALLEST
from edge_compiler.targets.c.algorithms.direct.pairs import add_pairs, exponent_of, suits_pairs
from edge_compiler.targets.c.algorithms.winograd.candidates import half_winograd, WINOGRAD_BLOCKS
from edge_compiler.targets.c.algorithms.winograd.cost import (
    prepares_pairs,
    transformed_weights,
    transforms_when_run,
)
from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in
from edge_compiler.targets.c.layer import Layer, pack, pad_channels, part_sizes
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, Pointer, reading, SCRATCH, writing
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import BFLOAT16, FLOAT16, Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import CONVOLUTION, HALF_POINTS, OPERANDS, POINTS

_PREFETCH_FLOATS = 512
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
    source, target, residual = layer.source, layer.target, layer.residual
    points, channels = (m + 2) ** 2, w.shape[1]
    rows, columns = -(-target.height // m), -(-target.width // m)
    source.require(layer.geometry.halo((source.height, source.width), (rows * m, columns * m)))
    chunks, problem = -(-rows * columns // chunk), layer.problem(channels)
    biases = pad_channels(b)
    bias = low.weights.add(biases)
    raw = transforms_when_run(problem, m)
    packed = in_halves(pack(w, BLOCK))
    half = is_half(packed)
    type_ = suits_pairs(low, layer, packed, channels)
    original = (low.weights if raw else low.originals).add(packed)
    in_pairs = bool(type_) and prepares_pairs(problem, m) and (type_ != FLOAT16 or _in_range(w))
    directly = None
    if type_ == BFLOAT16 and not in_pairs:
        directly = add_pairs(low, layer, original, biases, channels)
    exponent = exponent_of(low, layer) if type_ == FLOAT16 else 0
    place = 0
    if in_pairs or not raw:
        form = (m, channels, problem.out_blocks)  # equal bytes may be other weights
        size = transformed_weights(problem, m) * FLOAT32.bytes
        place = low.reserve_prepared((original, form), size // 2 if raw else size)
    together = 1 if raw and not in_pairs else min(WINOGRAD_BLOCKS, target.blocks)
    products = points * chunk * together * BLOCK
    low.reserve_scratch((products + points * _SLICE_FLOATS * raw) * FLOAT32.bytes)

    def pairs(variant: Variant) -> bool:
        return in_pairs and bool(variant.pairs)

    def numbers(variant: Variant) -> dict[str, Field]:
        """Return what both steps know of the numbers that are multiplied."""
        factor = 2.0**exponent if exponent and pairs(variant) else 0.0
        return {"pairs": int(pairs(variant)), "factor": factor}

    def prepare(variant: Variant) -> Call | None:
        if directly is not None and variant.pairs:
            return directly.prepare
        if raw and not pairs(variant):
            return None
        sizes: Sizes = {"channels": channels, "blocks": problem.out_blocks}
        fields: dict[str, Field] = {"m": m, "half": int(half), "pairs": int(pairs(variant))}
        pointers = (original, Pointer.to("m->prepared", place))
        return Call("winograd_weights_prepare", "winograd_weights", fields, pointers, sizes)

    def choose(variant: Variant) -> Choice:
        choice = chooser.choose(problem, variant, scheme)
        if directly is not None and variant.pairs:
            return replace(choice, candidate=directly.kernel)
        if pairs(variant) and type_ == FLOAT16:
            return replace(choice, candidate=half_winograd(problem, m, chunk, variant))
        return choice

    def image() -> Sizes:
        """Return what both steps know of the input."""
        return {
            "tiles_h": rows,
            "tiles_w": columns,
            "chunk_tiles": chunk,
            "in_blocks": source.blocks,
            "in_plane": source.plane,
            "in_row": source.row,
        }

    floats = chunks * points * chunk * source.blocks * BLOCK
    gathered = Buffer(f"{layer.node.output.name}/points", (source.images, floats))

    def call_points(variant: Variant) -> Call:
        nothing = {"tiles_h": 0} if directly is not None and variant.pairs else {}
        constants, sizes = part_sizes({**image(), **nothing}, 0, variant)
        pointers = (layer.pointers(original, bias)[0], writing(gathered))
        fields: dict[str, Field] = {"m": m, **numbers(variant), **constants}
        return Call("winograd_points_run", "winograd", fields, pointers, sizes)

    def call(variant: Variant) -> Call:
        if directly is not None and variant.pairs:
            return directly.call(variant)
        as_they_are = raw and not pairs(variant)
        weights = original if as_they_are else Pointer.to("m->prepared", place, const=True)
        _, *others = layer.pointers(weights, bias)
        pointers = (reading(gathered), *others, SCRATCH)
        candidate = choose(variant).candidate
        fields: dict[str, Field] = {
            "m": m,
            "raw_weights": int(as_they_are),
            "half": int(as_they_are and half),
            **numbers(variant),
            "has_residual": int(residual is not None),
            "act": layer.node.fused.activation,
            **candidate.fields,
            "prefetch": 0 if as_they_are else _PREFETCH_FLOATS,
        }
        sizes: Sizes = {
            **image(),
            **layer.channel_sizes(channels),
            **layer.image_sizes(),
            "block_weights": points * -(-channels // (1 + pairs(variant))) * BLOCK,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            **candidate.sizes,
        }
        if as_they_are:  # its tiles are short: each adds up one block of channels
            return Call("winograd_run", "winograd", fields | sizes, pointers)
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        return Call("winograd_run", "winograd", fields | constants, pointers, sizes)

    name = "Winograd" if directly is None else "direct"
    low.add(layer.node, "Winograd points", [source], gathered, call_points, group=CONVOLUTION)
    low.add(
        layer.node,
        f"{name} {layer.geometry}{kept_in(half=half)}{f', products of {type_}' * in_pairs}",
        [gathered, *layer.reads[directly is None :]],
        target,
        call,
        value=layer.node.output,
        group=CONVOLUTION,
        prepare=prepare,
        rounds=_ROUNDED[type_][m] if in_pairs else OPERANDS if directly else "",
        macs=layer.macs(channels * 9 * target.blocks * BLOCK),
        weight_bytes=packed.nbytes if raw else transformed_weights(problem, m) * FLOAT32.bytes,
        choose=choose,
    )


def _in_range(w: Array) -> bool:
    """Return whether float16 has place for transformed weights, with all digits of most."""
    return bool(SMALLEST * _SPARE <= np.abs(w).max() <= LARGEST / _SPARE)
