"""ONNX's own tests of operators, every operand computed: those of an operator in one library."""

from __future__ import annotations

from pathlib import Path
import warnings

import numpy as np
import onnx
from onnx import compose, numpy_helper
import pytest
from small_models import RUNNABLE, with_variants

from edge_compiler.description import Description
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_compiler.targets.machines import variants_of
from edge_compiler.toolchain.machines import X86_64
from edge_perception.runtime.library import Library

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the cases' own arithmetic overflows on purpose
    from onnx.backend.test.loader import load_model_tests

    CASES = load_model_tests(kind="node")

FLOAT = onnx.TensorProto.FLOAT
BEST = next(variant for variant in variants_of(X86_64) if variant.name == RUNNABLE[0])


def cases_of(op: str) -> list[tuple[onnx.ModelProto, list[np.ndarray], list[np.ndarray]]]:
    """Return models of one node that reads numbers only, with inputs and the first output."""
    found = []
    for case in CASES:
        graph = case.model.graph
        numbers = (value.type.tensor_type.elem_type == FLOAT for value in graph.input)
        if [node.op_type for node in graph.node] == [op] and all(numbers):
            (inputs, outputs), *_ = case.data_sets
            del graph.node[0].output[1:], graph.output[1:]
            arrays = [[_array(x) for x in side] for side in (inputs, outputs)]
            found.append((compose.add_prefix(case.model, f"{case.name}/"), *arrays))
    return found


def _array(data: onnx.TensorProto | np.ndarray) -> np.ndarray:
    return numpy_helper.to_array(data) if isinstance(data, onnx.TensorProto) else data


ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum")
OTHERS = ("MatMul", "Gemm", "Softmax", "Concat", "LayerNormalization", "Transpose")


@pytest.mark.parametrize("op", [*ARITHMETIC, *OTHERS])
def test_operators(op: str, tmp_path: Path) -> None:
    cases = cases_of(op)
    assert cases
    graph = onnx.helper.make_graph(
        [node for model, *_ in cases for node in model.graph.node],
        op,
        [value for model, *_ in cases for value in model.graph.input],
        [value for model, *_ in cases for value in model.graph.output],
    )
    opsets = [onnx.helper.make_opsetid("", 21)]
    path = tmp_path / "model.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    loaded, target = load(path), with_variants("host", BEST)
    optimise(loaded)
    assert [reason for node in loaded.nodes if (reason := target.refusal(node))] == []
    target.build(loaded, Description(op, ""), tmp_path, lambda *_: None)
    feeds = {
        value.name: array
        for model, inputs, _ in cases
        for value, array in zip(model.graph.input, inputs, strict=True)
    }
    with Library(tmp_path / "model.so").create(threads=2) as instance:
        results = instance.run(feeds)
    for model, _, outputs in cases:
        name = model.graph.output[0].name
        np.testing.assert_allclose(results[name], outputs[0], rtol=1e-4, atol=1e-6, err_msg=name)
