"""From a layer to a step of strassen.h."""

from __future__ import annotations

from edge_compiler.targets.c.algorithms.direct.candidates import DIRECT
from edge_compiler.targets.c.algorithms.direct.lower import lower_direct
from edge_compiler.targets.c.algorithms.direct.pairs import suits_pairs
from edge_compiler.targets.c.algorithms.strassen.candidates import STRIP_BYTES
from edge_compiler.targets.c.algorithms.strassen.cost import packed_weights, PRODUCTS
from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.halves import in_halves, is_half, kept_in
from edge_compiler.targets.c.layer import Layer, pack, pad_channels, part_sizes
from edge_compiler.targets.program.calls import Call, Field, Pointer, SCRATCH
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import CONVOLUTION


def lower_strassen(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """Add the step; that of direct convolution where it has products of 16 bits."""
    channels, target = w.shape[1], layer.target
    packed = in_halves(pack(w, BLOCK))
    if suits_pairs(low, layer, packed, channels):
        lower_direct(low, chooser, layer, w, b, DIRECT)
        return
    half, original = is_half(packed), low.originals.add(packed)
    in_blocks, out_blocks = channels // BLOCK // 2, layer.out_blocks // 2
    biases = low.weights.add(pad_channels(b))
    size = packed_weights(channels, layer.out_blocks) * FLOAT32.bytes
    place = low.reserve_prepared((original, scheme, channels), size)
    low.reserve_scratch(STRIP_BYTES)

    def prepare(_variant: Variant) -> Call:
        sizes: Sizes = {"in_blocks": in_blocks, "out_blocks": out_blocks}
        pointers = (original, Pointer.to("m->prepared", place))
        fields: dict[str, Field] = {"half": int(half)}
        return Call("strassen_weights_prepare", "strassen_weights", fields, pointers, sizes)

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(channels), variant, scheme)

    def call(variant: Variant) -> Call:
        candidate = choose(variant).candidate
        fields: dict[str, Field] = {
            "act": layer.node.fused.activation,
            "has_residual": int(layer.residual is not None),
            **candidate.fields,
        }
        (height, width), (down, right) = layer.size, layer.geometry.stride
        sizes: Sizes = {
            **layer.image_sizes(),
            "in_blocks": in_blocks,
            "in_row": down * layer.source.row,
            "in_pixel": right * BLOCK,
            "out_blocks": out_blocks,
            "out_h": height,
            "out_w": width,
            "out_plane": target.plane,
            "block_weights": PRODUCTS * channels // 2 * BLOCK,
            **candidate.sizes,
        }
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        prepared = Pointer.to("m->prepared", place, const=True)
        pointers = (*layer.pointers(prepared, biases), SCRATCH)
        return Call("strassen_run", "strassen", fields | constants, pointers, sizes, tiled=True)

    low.add(
        layer.node,
        f"Strassen {layer.geometry}{kept_in(half=half)}",
        layer.reads,
        target,
        call,
        value=layer.value,
        group=CONVOLUTION,
        prepare=prepare,
        macs=layer.macs(channels * target.blocks * BLOCK),
        weight_bytes=size,
        choose=choose,
    )
