"""Let convolutions and pools pad for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.ops.padding import pads_of
from edge_compiler.passes.base import Decision, done, graph_pass, kept


@graph_pass("fuse-padding")
def fuse_padding(graph: Graph) -> Iterator[Decision]:
    """Fold a Pad with zeros into the pads of the Conv or pool that reads it."""
    for node in list(graph.nodes):
        if node.op != "Pad" or len(node.output.shape) < 3:
            continue
        layer = graph.sole_consumer(node.output)
        if layer is None or layer.op not in ("Conv", "AveragePool", "MaxPool"):
            continue
        pads = _image_pads(node)
        reason = _why_not(graph, node, layer, pads)
        if pads is None or reason:
            yield kept(node, f"not folded into '{layer.name}': {reason}")
            continue
        own = layer.attributes["pads"]
        layer.attributes["pads"] = [a + b for a, b in zip(own, pads, strict=True)]
        if layer.op == "AveragePool":
            layer.attributes["count_include_pad"] = 1
        layer.inputs = (node.input(0), *layer.inputs[1:])
        layer.origins = (*node.origins, *layer.origins)
        graph.remove(node)
        yield done(layer, f"pads for '{node.name}'")


def _image_pads(node: Node) -> list[int] | None:
    """Return the pads of the sides of images by zeros; None if a Pad does something else."""
    number = node.inputs[2] if len(node.inputs) > 2 else None
    if number is not None and (number.constant is None or np.any(number.constant)):
        return None
    pads = pads_of(node)
    if node.attributes["mode"] != "constant" or pads is None or np.min(pads) < 0:
        return None
    if any(pads[0] + pads[1]):
        return None
    return [amount for side in zip(*pads[2:], strict=True) for amount in side]


def _why_not(graph: Graph, node: Node, layer: Node, pads: list[int] | None) -> str | None:
    if pads is None:
        return "it doesn't pad the sides of images by zeros"
    if layer.op == "Conv":
        return None
    if layer.attributes["ceil_mode"]:
        return "the size of the result is rounded up"
    if layer.op == "MaxPool" and not _never_negative(graph.producer(node.input(0))):
        return "a zero may win against negative numbers, which a MaxPool's own padding never does"
    own = any(layer.attributes["pads"])
    if layer.op == "AveragePool" and own and not layer.attributes["count_include_pad"]:
        return "the pool doesn't count its own padding"
    if any(dilation != 1 for dilation in layer.attributes["dilations"]):
        return "the window is dilated"
    kernel = layer.attributes["kernel_shape"]
    total = [a + b for a, b in zip(layer.attributes["pads"], pads, strict=True)]
    if any(pad >= size for pad, size in zip(total, (*kernel, *kernel), strict=True)):
        return "it pads by more than the window"
    return None


def _never_negative(node: Node | None) -> bool:
    """Return whether a node's results are zero or more, whatever its input."""
    activation = ops.activation_of(node) if node is not None else None
    if activation is None:
        return False
    return FUNCTIONS[activation.op].positive or (
        activation.op == "Clip" and activation.parameters[0] >= 0
    )
