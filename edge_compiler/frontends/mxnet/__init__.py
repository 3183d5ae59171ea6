"""
MXNet: a ``-symbol.json`` that describes the network, and the ``.params`` with its arrays.

That is what ``HybridBlock.export`` and ``Module.save_checkpoint`` write. Inputs have no shapes
there, so ``--shape`` gives them. What an operator computes is as in MXNet 1.9.
"""

from __future__ import annotations

from pathlib import Path
import struct

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends.format import Format, head, Imported, partner
from edge_compiler.frontends.mxnet import numbers, shapes, windows
from edge_compiler.frontends.mxnet.params import MAGIC, read_params
from edge_compiler.frontends.mxnet.symbol import read_symbol, Symbol
from edge_compiler.frontends.ranked import RankedBuilder

_RULES = {**numbers.RULES, **shapes.RULES, **windows.RULES}
_SUFFIX = "-symbol.json"
_IMAGE, _FLAT = 4, 2


def _is_symbol(path: Path) -> bool:
    begin = head(path, 2**12).lstrip()
    return begin.startswith(b"{") and b'"nodes"' in begin and b'"op"' in begin


def _is_params(path: Path) -> bool:
    return head(path, 16) == struct.pack("<QQ", MAGIC, 0)


def _read(path: Path) -> Imported:
    if _is_symbol(path):
        stem = path.name.removesuffix(_SUFFIX)
        symbol, params = path, partner(path, (f"{stem}-[0-9]*.params", "*.params"))
    else:
        stem = path.stem.rpartition("-")[0] or path.stem
        symbol, params = partner(path, (f"{stem}{_SUFFIX}", f"*{_SUFFIX}")), path
    try:
        model = _build(read_symbol(symbol, read_params(params)))
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        raise CompileError(f"{path} can't be imported from MXNet: {error}") from error
    return Imported(model, (symbol, params))


def _build(symbol: Symbol) -> onnx.ModelProto:
    graph = RankedBuilder({name: _rank(symbol, name) for name in symbol.inputs})
    for node in symbol.nodes:
        if node.op not in _RULES:
            raise ValueError(f"the operator '{node.name}' is a {node.op}, which is not supported")
        rank = _RULES[node.op](graph, node)
        if rank is None:
            rank = graph.ranks[node.input(0)]
        graph.ranks.setdefault(node.output(), rank)
    return graph.model("mxnet", graph.infos(symbol.inputs), graph.infos(symbol.outputs))


def _rank(symbol: Symbol, name: str) -> int:
    """Return the rank of an input: that of an image, but before a layer that takes all numbers."""
    readers = [node for node in symbol.nodes if name in node.inputs]
    if readers and all(node.op == "FullyConnected" for node in readers):
        return _FLAT
    return _IMAGE


FORMAT = Format("MXNet", lambda path: _is_symbol(path) or _is_params(path), _read)
