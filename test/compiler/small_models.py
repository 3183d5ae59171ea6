"""Small ONNX models for the tests, and ONNX Runtime as the independent truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from edge_compiler.onnx_runtime.types import Types
from edge_compiler.onnx_runtime.unsigned import make_weights_unsigned
from edge_compiler.samples.noise import random_inputs
from edge_compiler.targets.base import Target
from edge_compiler.targets.machines import variants_of
from edge_compiler.targets.program.variants import Variant
from edge_compiler.toolchain.machines import X86_64
from edge_perception.runtime.manifest import Tensor

Array = np.ndarray[Any, Any]

FLOAT = onnx.TensorProto.FLOAT
RANDOM = np.random.default_rng(7)


def runs_here(variant: Variant) -> bool:
    """Return whether this processor has an instruction set."""
    return processor_features().issuperset(variant.features)


RUNNABLE = [variant.name for variant in variants_of(X86_64) if runs_here(variant)]
"""The instruction sets of a library for the host that this processor has."""


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """Make a node; the names are separated by spaces, ``-`` stands for an omitted one."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), **attributes)


def with_variants(target: str, *variants: Variant) -> Target:
    """Return a target that generates code for some instruction sets only."""
    whole = targets.get(target)
    platform = replace(whole.platform, variants=variants, for_bytes=(), for_halves=(), for_both=())
    return replace(whole, platform=platform)


def weights(*shape: int, low: float = -1, high: float = 1) -> Array:
    """Return random numbers for a constant."""
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def make_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Array] | None = None,
    outputs: Sequence[str] | None = None,
    opset: int = 21,
    types: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """
    Make a model; its output is that of the last node, if not given.

    :param types: of inputs and outputs that aren't float32, as ONNX numbers them.
    """
    types = types or {}
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(n, types.get(n, FLOAT), s) for n, s in inputs.items()],
        [
            helper.make_tensor_value_info(name, types.get(name, FLOAT), None)
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
    """Return the outputs that ONNX Runtime computes, without optimising, on any processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    exact = onnx.ModelProto()
    exact.CopyFrom(onnx.load(model) if isinstance(model, Path) else model)
    make_weights_unsigned(exact, Types(exact))
    content = exact.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(feeds))


def output_types(model: onnx.ModelProto) -> dict[str, int]:
    """Return the element types of a model's outputs, whatever it says of them."""
    untyped = onnx.ModelProto()
    untyped.CopyFrom(model)
    names = [output.name for output in untyped.graph.output]
    del untyped.graph.output[:]
    known = onnx.shape_inference.infer_shapes(untyped, data_prop=True).graph.value_info
    types = {value.name: value.type.tensor_type.elem_type for value in known}
    return {name: types[name] for name in names}


def with_output_types(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let the outputs have the element types that follow from the nodes; return the model."""
    types = output_types(model)
    for output in model.graph.output:
        output.type.tensor_type.elem_type = types[output.name]
    return model


INDICES = 4
"""Integers of random inputs are from minus this number on and below it: they may be indices."""


def small_inputs(tensors: Iterable[Tensor], seed: int = 0) -> dict[str, Array]:
    """Return random inputs, the same each time; integers are small."""
    return random_inputs(tuple(tensors), None, seed, INDICES)


def random_feeds(graph: Graph) -> dict[str, Array]:
    """Return random input, the same each time."""
    random = np.random.default_rng(3)
    feeds = small_inputs(Tensor(v.name, v.shape, v.type.name) for v in graph.inputs)
    return {
        name: random.uniform(-4, 4, array.shape).astype(np.float32)
        if array.dtype.kind == "f"
        else array
        for name, array in feeds.items()
    }


def assert_same(graph: Graph, reference: onnx.ModelProto | Path, tolerance: float = 1e-5) -> None:
    """Compare the graph with the model that it was made from: names, shapes and numbers."""
    feeds = random_feeds(graph)
    exported = export(graph)
    onnx.checker.check_model(exported, full_check=True)
    wanted, received = run(reference, feeds), run(exported, feeds)
    assert len(wanted) == len(received)
    for value, want, got in zip(graph.outputs, wanted, received, strict=True):
        assert got.shape == want.shape == value.shape
        if want.dtype.kind != "f":
            np.testing.assert_array_equal(got, want, value.name)
            continue
        scale = max(float(np.abs(want).max()), 1e-6)
        assert np.abs(got - want).max() <= tolerance * scale, value.name
