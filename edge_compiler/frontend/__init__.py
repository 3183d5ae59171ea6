"""The front end: an ONNX file becomes a graph of the IR, or one sentence says why it can't."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_compiler.collector import collector_paused
from edge_compiler.frontend.build import build_graph
from edge_compiler.frontend.convert import to_opset
from edge_compiler.frontend.inline import inline
from edge_compiler.frontend.inputs import fix_inputs
from edge_compiler.frontend.precision import as_float32, to_float32
from edge_compiler.frontend.read import read_model
from edge_compiler.frontend.tidy import tidy
from edge_compiler.frontend.validate import validate
from edge_compiler.frontend.weights import take_weights
from edge_compiler.ir.graph import Graph, OPSET

__all__ = ["load"]


@collector_paused()
def load(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> Graph:
    """
    Read an ONNX model.

    :param path: the ``.onnx`` file; external data is looked for beside it.
    :param shapes: shapes of inputs, instead of those in the file.
    :param dimensions: sizes of dimensions that the file names and leaves open.
    :raises CompileError: if the model is damaged, or can't be compiled whatever the target is.
    """
    model = read_model(path)
    weights = take_weights(model, path)
    model = inline(model, path)
    to_float32(model)
    weights = {name: as_float32(array) for name, array in weights.items()}
    tidy(model.graph, weights)
    fix_inputs(model, shapes or {}, dimensions or {}, weights)
    model = validate(model, path)
    model = to_opset(model, OPSET)
    return build_graph(model, weights, name=path.stem)
