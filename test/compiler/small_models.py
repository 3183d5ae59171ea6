"""Small ONNX models for the tests, and ONNX Runtime as the independent truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
import onnxruntime

from edge_compiler import targets
from edge_compiler.export import export
from edge_compiler.frontend import load
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import processor_features
from edge_compiler.targets.base import Target
from edge_compiler.targets.machines import variants_of
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.machines import X86_64

Array = np.ndarray[Any, Any]

RANDOM = np.random.default_rng(7)

RUNNABLE = [v.name for v in variants_of(X86_64) if processor_features().issuperset(v.features)]
"""The instruction sets of a library for the host that this processor has."""


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """Make a node; the names are separated by spaces, ``-`` stands for an omitted one."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


def with_variants(target: str, *variants: Variant) -> Target:
    """Return a target that generates code for some instruction sets only."""
    whole = targets.get(target)
    return replace(whole, platform=replace(whole.platform, variants=variants))


def weights(*shape: int, low: float = -1, high: float = 1) -> Array:
    """Return random numbers for a constant."""
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def make_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Array] | None = None,
    outputs: Sequence[str] | None = None,
    opset: int = 21,
) -> onnx.ModelProto:
    """Make a model of float32 inputs; its output is that of the last node, if not given."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in inputs.items()],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in outputs or [nodes[-1].output[0]]
        ],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def load_model(model: onnx.ModelProto, folder: Path, **arguments: Any) -> Graph:
    """Write the model and load it through the front end."""
    path = folder / "model.onnx"
    onnx.save(model, path)
    return load(path, **arguments)


def run(model: onnx.ModelProto | Path, feeds: Mapping[str, Array]) -> list[Array]:
    """Return the outputs that ONNX Runtime computes, without optimising."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(feeds))


def random_feeds(graph: Graph) -> dict[str, Array]:
    """Return random input, the same each time."""
    random = np.random.default_rng(3)
    return {v.name: random.uniform(-4, 4, v.shape).astype(np.float32) for v in graph.inputs}


def assert_same(graph: Graph, reference: onnx.ModelProto | Path, tolerance: float = 1e-5) -> None:
    """Compare the graph with the model that it was made from: names, shapes and numbers."""
    feeds = random_feeds(graph)
    exported = export(graph)
    onnx.checker.check_model(exported, full_check=True)
    wanted, received = run(reference, feeds), run(exported, feeds)
    assert len(wanted) == len(received)
    for value, want, got in zip(graph.outputs, wanted, received, strict=True):
        assert got.shape == want.shape == value.shape
        scale = max(float(np.abs(want).max()), 1e-6)
        assert np.abs(got - want).max() <= tolerance * scale, value.name
