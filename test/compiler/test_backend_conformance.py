"""The C back end against ONNX's own backend tests: every node test of an operator that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from small_models import RUNNABLE
from test_typed_conformance import CHOICES

from edge_compiler import targets
from edge_compiler.description import Description
from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_perception.runtime.library import Library

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the cases' own arithmetic overflows on purpose
    from onnx.backend.test.loader import load_model_tests

    CASES = {case.name: case for case in load_model_tests(kind="node")}

OPERATORS = set(targets.get("host").support()) - CHOICES - {"Cast"}

# What the compiler refuses, with a sentence: nothing else may be refused.
REFUSALS = (
    "has a dimension of zero",
    "the output '",
    "the last window begins in the padding",
    "storage_order=1 is not supported",
    "only images of shape NxCxHxW or NxCxW are supported",
    "training mode is not supported",
    "has the empty shape",
    "Attribute mode must have value DCR",
    "tiles along more than 6 axes",
    "are no neighbours",
    "mode='max' is not supported",
)

# ONNX Runtime, by which libraries are proven, rounds the size before it computes coordinates.
DISPUTED = (
    "test_resize_downsample_scales_linear_align_corners",
    "test_resize_downsample_scales_cubic_align_corners",
)


def _is_covered(name: str, case: Any) -> bool:
    nodes = case.model.graph.node
    inputs = case.model.graph.input
    return (
        len(nodes) == 1
        and name not in DISPUTED
        and nodes[0].op_type in OPERATORS
        and bool(inputs)
        and inputs[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    )


def _skip_known(refusal: str) -> NoReturn:
    if not any(known in refusal for known in REFUSALS):
        pytest.fail(f"refused: {refusal}")
    pytest.skip(refusal)


COVERED = [name for name, case in CASES.items() if _is_covered(name, case)]


@pytest.mark.parametrize("name", COVERED)
def test_node(name: str, tmp_path: Path) -> None:
    """Compile with every input but the first as a constant; compare with the stored output."""
    case = CASES[name]
    (inputs, expected), *_ = case.data_sets
    arrays = [numpy_helper.to_array(x) if isinstance(x, onnx.TensorProto) else x for x in inputs]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    weights = list(model.graph.input)[1:]
    for value, array in zip(weights, arrays[1:], strict=True):
        model.graph.input.remove(value)
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    target = targets.get("host")
    try:
        graph = load(path)
        optimise(graph)
    except CompileError as refusal:
        _skip_known(str(refusal))
    for node in graph.nodes:
        if reason := target.refusal(node):
            _skip_known(f"{node.op}: {reason}")
    built = target.build(graph, Description(name, ""), tmp_path, lambda *_: None)
    library = Library(tmp_path / "model.so")
    for variant in RUNNABLE:
        with library.create(threads=1, variant=variant) as instance:
            results = instance.run({built.inputs[0].name: arrays[0]})
        for output, want in zip(built.outputs, expected, strict=False):
            np.testing.assert_allclose(
                results[output.name], want, rtol=1e-4, atol=1e-6, err_msg=variant
            )
