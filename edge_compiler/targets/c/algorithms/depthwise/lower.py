"""From a layer to a step of depthwise.h."""

from __future__ import annotations

from edge_compiler.targets.c.choice import Choice, Chooser, Scheme, Sizes
from edge_compiler.targets.c.layer import Layer, pad_channels, pad_first
from edge_compiler.targets.program.calls import Call, Field
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION


def lower_depthwise(
    low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array, scheme: Scheme
) -> None:
    """Add the step."""
    blocks = pad_first(w[:, 0]).reshape(-1, BLOCK, *w.shape[2:]).transpose(0, 2, 3, 1)
    weights, bias = low.weights.add(blocks), low.weights.add(pad_channels(b))
    target = layer.target

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(1), variant, scheme)

    def call(variant: Variant) -> Call:
        fields: dict[str, Field] = {
            "out_w": layer.size[1],  # what is left of it is a tile, whose size its code must know
            **choose(variant).candidate.fields,
            **layer.common_fields(),
        }
        sizes: Sizes = {
            **layer.image_sizes(),
            "out_h": layer.size[0],
            "out_plane": target.plane,
        }
        pointers = layer.pointers(weights, bias)
        return Call("depthwise_run", "depthwise", fields, pointers, sizes)

    low.add(
        layer.node,
        f"depthwise {layer.geometry}",
        layer.reads,
        target,
        call,
        value=layer.value,
        group=CONVOLUTION,
        macs=layer.macs(w.size),
        weight_bytes=blocks.nbytes,
        choose=choose,
    )
