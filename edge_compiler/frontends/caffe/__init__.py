"""
Caffe: a ``.prototxt`` that describes the network, and the ``.caffemodel`` with its weights.

The file for deployment is meant, whose layers are those that a robot needs. Layers of version 1
and of today's form are known; what each computes is as in BVLC's Caffe 1.0.
"""

from __future__ import annotations

from pathlib import Path
import re

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends.caffe import numbers, shapes, windows
from edge_compiler.frontends.caffe.net import Net, read_net
from edge_compiler.frontends.format import Format, head, Imported, partner
from edge_compiler.frontends.ranked import RankedBuilder

_LAYER = re.compile(rb"^\s*layers?\s*:?\s*\{", re.MULTILINE)
_BEGIN = 2**16
"""Bytes within which a description has its first layer."""
_RULES = {
    # the first version of layers wrote INNER_PRODUCT for InnerProduct
    name.upper(): rule
    for name, rule in {**numbers.RULES, **shapes.RULES, **windows.RULES}.items()
}


def _is_description(path: Path) -> bool:
    return _LAYER.search(head(path, _BEGIN)) is not None


def _is_weights(path: Path) -> bool:
    """Return whether a file begins with a network's name and a layer, of either version."""
    begin = head(path, 2 + 127 + 2)
    if len(begin) < 2 or begin[:1] != b"\n":
        return False
    return begin[2 + begin[1] :].startswith((b"\x12", b"\xa2\x06"))


def _read(path: Path) -> Imported:
    if _is_description(path):
        description, weights = path, partner(path, (f"{path.stem}.caffemodel", "*.caffemodel"))
    else:
        description, weights = partner(path, (f"{path.stem}.prototxt", "*.prototxt")), path
    try:
        net = read_net(description, weights)
        model = _build(net)
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        raise CompileError(f"{path} can't be imported from Caffe: {error}") from error
    return Imported(model, (description, weights))


def _build(net: Net) -> onnx.ModelProto:
    graph = RankedBuilder({name: len(shape) for name, shape in net.inputs.items()})
    for layer in net.layers:
        rule = _RULES.get(layer.type.replace("_", "").upper())
        if rule is None:
            raise ValueError(
                f"the layer '{layer.name}' is of the type {layer.type}, which is not supported; "
                "use the network's file for deployment, without layers that only train it or that "
                "decode its outputs"
            )
        if not layer.bottoms or not layer.tops:
            raise ValueError(f"the layer '{layer.name}' ({layer.type}) lacks its input or output")
        rank = rule(graph, layer)
        for top in layer.tops:
            graph.ranks[top] = graph.ranks[layer.bottoms[0]] if rank is None else rank
    return graph.model(net.name, graph.infos(net.inputs, net.inputs), graph.infos(net.outputs))


FORMAT = Format("Caffe", lambda path: _is_description(path) or _is_weights(path), _read)
