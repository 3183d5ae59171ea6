"""ONNX's own tests of operators on integers, bools and indices, all in one library."""

from __future__ import annotations

from typing import Any
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from small_models import FLOAT, RUNNABLE

from edge_compiler import targets
from edge_compiler.description import Description
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_perception.runtime.library import Library

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the cases' own arithmetic overflows on purpose
    from onnx.backend.test.loader import load_model_tests

    CASES = load_model_tests(kind="node")

CHOICES = {
    *("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
    *("And", "Or", "Xor", "Not", "Where", "Gather", "ArgMax", "ArgMin"),
}
ARITHMETIC = {"Add", "Sub", "Mul", "Max", "Min"}
NO_KERNEL = {
    *(onnx.TensorProto.STRING, onnx.TensorProto.UINT64),
    *(onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE),
}

Array = np.ndarray[Any, Any]


def _is_covered(case: Any) -> bool:
    nodes, values = case.model.graph.node, [*case.model.graph.input, *case.model.graph.output]
    types = {value.type.tensor_type.elem_type for value in values}
    shapes = [[d.dim_value for d in value.type.tensor_type.shape.dim] for value in values]
    return (
        len(nodes) == 1
        and (
            nodes[0].op_type in CHOICES or (nodes[0].op_type in ARITHMETIC and FLOAT not in types)
        )
        and not types & NO_KERNEL
        and not any(len(shape) > 3 and shape[0] != 1 for shape in shapes)
    )


COVERED = {case.name: case for case in CASES if _is_covered(case)}
Results = dict[str, dict[str, Array]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Return what each variant makes of all cases, side by side in one model."""
    folder = tmp_path_factory.mktemp("cases")
    graph, feeds = onnx.GraphProto(name="cases"), {}
    for name, case in COVERED.items():
        part = onnx.compose.add_prefix_graph(case.model.graph, f"{name}/")
        for field in ("node", "input", "output"):
            getattr(graph, field).extend(getattr(part, field))
        (inputs, _), *_ = case.data_sets
        feeds |= {v.name: _array(data) for v, data in zip(part.input, inputs, strict=True)}
    opset = [onnx.helper.make_opsetid("", 21)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=10), folder / "m.onnx")
    lowered = load(folder / "m.onnx")
    optimise(lowered)
    targets.get("host").build(lowered, Description("cases", ""), folder, lambda *_: None)
    library, found = Library(folder / "model.so"), {}
    for variant in RUNNABLE:
        with library.create(threads=2, variant=variant) as instance:
            found[variant] = instance.run(feeds)
    return found


def _array(data: Any) -> Array:
    return numpy_helper.to_array(data) if isinstance(data, onnx.TensorProto) else np.asarray(data)


@pytest.mark.parametrize("name", COVERED)
def test_node(name: str, results: Results) -> None:
    case = COVERED[name]
    (_, expected), *_ = case.data_sets
    for outputs in results.values():
        for output, want in zip(case.model.graph.output, expected, strict=True):
            np.testing.assert_array_equal(outputs[f"{name}/{output.name}"], _array(want))


def test_every_operator_is_covered() -> None:
    covered = {case.model.graph.node[0].op_type for case in COVERED.values()}
    assert covered == CHOICES | ARITHMETIC
