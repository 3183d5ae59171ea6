"""Fold ChannelAffine into the weights of the convolution or Gemm before or after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ops.layers import swap_channels
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, kept, new_constant
from edge_compiler.passes.channel_affine import cannot_take_affine, get_affine

Array = np.ndarray[Any, Any]


@graph_pass("fold-affine-back")
def fold_affine_back(graph: Graph) -> Iterator[Decision]:
    """Fold a ChannelAffine into the weights and the bias of the convolution or Gemm before it."""
    for node in list(graph.nodes):
        if node.op != "ChannelAffine":
            continue
        layer = graph.producer(node.input(0))
        if layer is None or layer.op not in ("Conv", "ConvTranspose", "Gemm"):
            continue
        if reason := _obstacle(graph, layer):
            yield kept(node, f"not folded into '{layer.name}': {reason}")
            continue
        _, scale, shift = get_affine(node)
        weights, bias = _weights(layer)
        scaled = weights * scale.reshape(-1, *(1,) * (weights.ndim - 1))
        absorb(graph, layer, node)
        _set_weights(layer, scaled, bias * scale + shift)
        yield done(layer, f"weights and bias take over the scale and shift of '{node.name}'")


@graph_pass("fold-affine-forward")
def fold_affine_forward(graph: Graph) -> Iterator[Decision]:
    """Fold a ChannelAffine into the weights and the bias of the Conv or Gemm after it."""
    for node in list(graph.nodes):
        if node.op != "ChannelAffine" or node.fused.activation is not None:
            continue
        layer = graph.sole_consumer(node.output)
        if layer is None or layer.op not in ("Conv", "Gemm") or layer.input(0) is not node.output:
            continue
        source, scale, shift = get_affine(node)
        if reason := cannot_take_affine(layer):
            yield kept(node, f"not folded into '{layer.name}': {reason}")
            continue
        if layer.op == "Conv" and any(layer.attributes["pads"]) and np.any(shift):
            yield kept(
                node, f"not folded into '{layer.name}', whose padding must stay zero after a shift"
            )
            continue
        _fold_into_inputs(layer, scale, shift)
        layer.inputs = (source, *layer.inputs[1:])
        layer.origins = (*node.origins, *layer.origins)
        graph.remove(node)
        yield done(layer, f"weights and bias take over the scale and shift of '{node.name}'")


def _obstacle(graph: Graph, layer: Node) -> str | None:
    if graph.sole_consumer(layer.output) is None:
        return "its result is used elsewhere too"
    return cannot_take_affine(layer)


def _fold_into_inputs(layer: Node, scale: Array, shift: Array) -> None:
    """Scale the weights by input channel, and add to the bias what the shift contributes."""
    weights, bias = _weights(layer)
    groups = layer.attributes["group"] if layer.op == "Conv" else 1
    outputs, inputs = weights.shape[0] // groups, weights.shape[1]
    grouped = weights.reshape(groups, outputs, inputs, -1)
    shifted = np.einsum("goik,gi->go", grouped, shift.reshape(groups, inputs)).ravel()
    scaled = (grouped * scale.reshape(groups, 1, inputs, 1)).reshape(weights.shape)
    _set_weights(layer, scaled, bias + shifted)


def _weights(layer: Node) -> tuple[Array, Array]:
    """Return weights (outputs first) and bias of a convolution or Gemm, in float64."""
    data, bias = layer.constant(1), layer.constant(2)
    assert data is not None
    weights = data.astype(np.float64)
    offset = np.zeros(1) if bias is None else bias.astype(np.float64)
    if layer.op == "ConvTranspose":
        weights = swap_channels(weights, layer.attributes["group"])
    if layer.op == "Gemm":
        weights = weights if layer.attributes["transB"] else weights.T
        weights = weights * layer.attributes["alpha"]
        offset = offset.reshape(-1) * layer.attributes["beta"]
    return weights, np.broadcast_to(offset, weights.shape[:1])


def _set_weights(layer: Node, weights: Array, bias: Array) -> None:
    """Set weights (outputs first) and bias of a convolution or Gemm."""
    if layer.op == "ConvTranspose":
        weights = swap_channels(weights, layer.attributes["group"])
    layer.inputs = (
        layer.inputs[0],
        new_constant(layer, "weight", weights),
        new_constant(layer, "bias", bias),
    )
    if layer.op == "Gemm":
        layer.attributes |= {"alpha": 1.0, "beta": 1.0, "transB": 1}
