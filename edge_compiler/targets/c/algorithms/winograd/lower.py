"""From a layer to the steps of winograd.h."""

from __future__ import annotations

from edge_compiler.targets.c.algorithms.winograd.candidates import WINOGRAD_BLOCKS
from edge_compiler.targets.c.algorithms.winograd.cost import (
    transformed_weights,
    transforms_when_run,
)
from edge_compiler.targets.c.choice import Choice, Chooser, Problem, Scheme, Sizes
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in
from edge_compiler.targets.c.layer import Layer, pack, pad_channels, part_sizes
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.program import Call, Field, Pointer, reading, SCRATCH, writing
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import CONVOLUTION

_PREFETCH_FLOATS = 512
_SLICE_FLOATS = BLOCK * BLOCK + BLOCK
"""WINOGRAD_SLICE of winograd.h."""


def lower_winograd(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """Add the steps: one transforms the input, one multiplies and transforms the results."""
    m, chunk = scheme.parameters
    source, target, residual = layer.source, layer.target, layer.residual
    points, channels = (m + 2) ** 2, w.shape[1]
    rows, columns = -(-target.height // m), -(-target.width // m)
    source.require(layer.geometry.halo((source.height, source.width), (rows * m, columns * m)))
    chunks, problem = -(-rows * columns // chunk), layer.problem(channels)
    bias = low.weights.add(pad_channels(b))
    raw = transforms_when_run(problem, m)
    packed = in_halves(pack(w, BLOCK))
    half = is_half(packed)
    if raw:
        weights, preparing = low.weights.add(packed), None
    else:
        weights, preparing = _prepared(low, packed, m, problem)
    together = 1 if raw else min(WINOGRAD_BLOCKS, target.blocks)
    products = points * chunk * together * BLOCK
    low.reserve_scratch((products + points * _SLICE_FLOATS * raw) * FLOAT32.bytes)

    def choose(variant: Variant) -> Choice:
        return chooser.choose(problem, variant, scheme)

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
        constants, sizes = part_sizes(image(), 0, variant)
        pointers = (layer.pointers(weights, bias)[0], writing(gathered))
        return Call("winograd_points_run", "winograd", {"m": m, **constants}, pointers, sizes)

    def call(variant: Variant) -> Call:
        _, *others = layer.pointers(weights, bias)
        pointers = (reading(gathered), *others, SCRATCH)
        candidate = choose(variant).candidate
        fields: dict[str, Field] = {
            "m": m,
            "raw_weights": int(raw),
            "half": int(raw and half),
            "has_residual": int(residual is not None),
            "act": layer.node.fused.activation,
            **candidate.fields,
            "prefetch": 0 if raw else _PREFETCH_FLOATS,
        }
        sizes: Sizes = {
            **image(),
            "last_lanes": (channels - 1) % BLOCK + 1,
            "block_weights": points * channels * BLOCK,
            "out_blocks": target.blocks,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            **candidate.sizes,
        }
        if raw:  # its tiles are short: each adds up one block of channels
            return Call("winograd_run", "winograd", fields | sizes, pointers)
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        return Call("winograd_run", "winograd", fields | constants, pointers, sizes)

    low.add(layer.node, "Winograd points", [source], gathered, call_points, group=CONVOLUTION)
    low.add(
        layer.node,
        f"Winograd {layer.geometry}{kept_in(half=half)}",
        [gathered, *layer.reads[1:]],
        target,
        call,
        value=layer.node.output,
        group=CONVOLUTION,
        prepare=lambda _: preparing,
        macs=layer.macs(channels * 9 * target.blocks * BLOCK),
        weight_bytes=packed.nbytes if raw else transformed_weights(problem, m) * FLOAT32.bytes,
        choose=choose,
    )


def _prepared(low: Lowering, packed: Array, m: int, problem: Problem) -> tuple[Pointer, Call]:
    """Return where the weights lie that are transformed at create, and the call that does it."""
    original = low.originals.add(packed)
    form = (m, problem.channels, problem.out_blocks)  # equal bytes may be other weights
    size = transformed_weights(problem, m) * FLOAT32.bytes
    position = low.reserve_prepared((original, form), size)
    sizes = {"channels": problem.channels, "blocks": problem.out_blocks}
    place = Pointer.to("m->prepared", position)
    fields: dict[str, Field] = {"m": m, "half": int(is_half(packed))}
    call = Call("winograd_prepare", "winograd_kernels", fields, (original, place), sizes)
    return Pointer.to("m->prepared", position, const=True), call
