"""Depthwise convolution (depthwise.h): each channel with its own kernel."""

from __future__ import annotations

from edge_compiler.targets.c.choice import Choice, Depthwise
from edge_compiler.targets.c.rules.layer import Array, Layer, pad_channels, pad_first
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.program import Call, Field
from edge_compiler.targets.program.variants import Variant


def add_depthwise(low: Lowering, layer: Layer, w: Array, b: Array) -> None:
    """Add a step of depthwise.h."""
    blocks = pad_first(w[:, 0]).reshape(-1, BLOCK, *w.shape[2:]).transpose(0, 2, 3, 1)
    weights, bias = low.weights.add(blocks), low.weights.add(pad_channels(b))
    source, target, residual = layer.source, layer.target, layer.residual
    chooser = low.chooser

    def choose(variant: Variant) -> Choice:
        return chooser.choose(layer.problem(1, kind="depthwise"), variant)

    def call(variant: Variant) -> Call:
        chosen = choose(variant).candidate
        assert isinstance(chosen, Depthwise)
        fields: dict[str, Field] = {
            "blocks": source.blocks,
            "in_plane": source.plane,
            "in_row": source.row,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            "out_row": target.row,
            "residual_plane": residual.plane if residual else 0,
            "residual_row": residual.row if residual else 0,
            "pixels": chosen.pixels,
        }
        pointers = layer.pointers(weights, bias)
        return Call("depthwise_run", "depthwise", fields | layer.common_fields(), pointers)

    low.add(
        layer.node,
        f"depthwise {layer.geometry}",
        layer.reads,
        target,
        call,
        value=layer.node.output,
        macs=layer.macs(w.size),
        weight_floats=blocks.size,
        choose=choose,
    )
