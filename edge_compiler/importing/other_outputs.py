"""Copies of a model that end earlier: at tensors whose shapes are known, say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.read import read_model


@contextmanager
def with_outputs(model: Path, names: Sequence[str], copy: Path) -> Iterator[Path]:
    """
    Give a copy with these tensors as its outputs, as long as the block runs.

    :param copy: beside this file it lies.
    :raises CompileError: if no node computes one of them.
    """
    if not names:
        yield model
        return
    computed = [name for node in read_model(model).graph.node for name in node.output]
    for name in names:
        if name not in computed:
            near = get_close_matches(name, computed, 1)
            hint = f"; is '{near[0]}' meant?" if near else ": give the name of a node's output"
            raise CompileError(f"no node of the model computes '{name}'{hint}")
    shorter = onnx.load(model, load_external_data=False)
    graph = shorter.graph
    described = {value.name: value for value in (*graph.value_info, *graph.output)}
    outputs = [described.get(name) or _floats(name) for name in names]
    del graph.output[:]
    graph.output.extend(outputs)
    unfinished = copy.with_name(f".{copy.stem}.outputs.onnx")
    try:
        onnx.save(shorter, unfinished)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _floats(name: str) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
