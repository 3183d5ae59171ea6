"""Small files that ask for endless time or memory: one sentence when they are read."""

from __future__ import annotations

from pathlib import Path
import resource
import time
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.passes import constants, optimise

IMAGE = {"x": [1, 4, 6, 6]}
SECONDS = 20
"""Of processor time: what is refused takes far less, what isn't bounded takes minutes."""
MEGABYTES = 600


def refused(model: onnx.ModelProto, folder: Path, pattern: str) -> None:
    """Expect one sentence, soon and without much memory."""
    start, before = time.process_time(), _peak_megabytes()
    with pytest.raises(CompileError, match=pattern) as error:
        optimise(load_model(model, folder))
    assert "\n" not in str(error.value)
    assert time.process_time() - start < SECONDS
    assert _peak_megabytes() - before < MEGABYTES


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(op: str, constants: dict[str, Any] | None = None, **attributes: Any) -> onnx.ModelProto:
    """Return a model of one node that reads ``x`` and the constants."""
    arrays = {name: np.asarray(value) for name, value in (constants or {}).items()}
    return make_model([node(op, " ".join(["x", *arrays]), "y", **attributes)], IMAGE, arrays)


# Numbers


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        ([2**31] * 3, "the input 'x' .* would have 9903520314283042199192993792 elements"),
        ([1, 3, 32, 2**63 - 1], "'x' of shape .* more than 536870912"),
        ([1] * 5000, "'x' has 5000 dimensions, more than the 16"),
        ([1, -5], r"'x' has the dynamic shape \[1, \?\]"),
    ],
)
def test_inputs(tmp_path: Path, shape: list[int], pattern: str) -> None:
    cut = {"from": np.array([9]), "to": np.array([-9]), "axis": np.array([1])}
    refused(
        make_model([node("Slice", "x from to axis", "y")], {"x": shape}, cut), tmp_path, pattern
    )


@pytest.mark.parametrize(
    ("model", "pattern"),
    [
        (one("Expand", {"s": [2**31, 1, 1, 1]}), r"'y' .* of shape \[2147483648, .* would have"),
        (one("Tile", {"n": [2**20, 2**20, 1, 1]}), "'y' .* would have"),
        (one("Pad", {"n": [0, 0, 0, 0, 0, 0, 10**9, 0]}), "'y' .* would have"),
        (one("Conv", {"w": weights(4, 4, 3, 3)}, pads=[10**9] * 4), "pads=1000000000, but 4096"),
        (one("Conv", {"w": weights(4, 4, 1, 1)}, dilations=[10**9] * 2), "dilations=1000000000"),
        (one("MaxPool", kernel_shape=[2**40, 1]), "kernel_shape=1099511627776, but 65536"),
        (one("LRN", size=2**62), "'y' .LRN. has size=4611686018427387904"),
        (one("Conv", {"w": weights(4)}), "doesn't fit its inputs"),
        (one("Unsqueeze", {"n": list(range(4, 40))}), "has 40 dimensions"),
        (one("Reshape", {"s": [2**62, 2**62, 4, 0]}), "node 'y'|'y' of node 'y'"),
    ],
)
def test_numbers_that_overflow(tmp_path: Path, model: onnx.ModelProto, pattern: str) -> None:
    refused(model, tmp_path, pattern)


def test_sizes_of_resize(tmp_path: Path) -> None:
    sizes = np.array([1, 4, 2**31, 1])
    model = make_model(
        [node("Resize", "x - - sizes", "y", mode="nearest")], IMAGE, {"sizes": sizes}
    )
    refused(model, tmp_path, "'y' .* would have 8589934592 elements")


def test_constants_that_are_large_only_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "LARGEST_TOTAL", 2**22)  # for less work
    values = [onnx.numpy_helper.from_array(np.array([i], np.float32)) for i in range(8)]
    nodes = [node("ConstantOfShape", "size", f"c{i}", value=x) for i, x in enumerate(values)]
    nodes.append(node("Sum", "x " + " ".join(f"c{i}" for i in range(8)), "y"))
    model = make_model(nodes, {"x": [2**20]}, {"size": np.array([2**20])})
    refused(model, tmp_path, r"up to 'c4' .* have 5242880 elements together")


# Numbers of things


@pytest.mark.parametrize("names", ["same", "different"])
def test_nodes(tmp_path: Path, names: str) -> None:
    outputs = ["y" if names == "same" else f"t{i}" for i in range(100_001)]
    refused(
        make_model([node("Relu", "x", name) for name in outputs], IMAGE),
        tmp_path,
        "has 100001 nodes, .* more than the 100000",
    )


def test_one_name_for_all_nodes(tmp_path: Path) -> None:
    refused(make_model([node("Relu", "x", "y")] * 40_000, IMAGE), tmp_path, "'y' 40000 times")


def test_inputs_of_a_node_and_outputs_of_a_model(tmp_path: Path) -> None:
    many = make_model([node("Concat", " ".join(["x"] * 5000), "y", axis=1)], IMAGE)
    refused(many, tmp_path, "'y' .Concat. reads 5000 tensors, more than the 1024")
    names = [f"t{i}" for i in range(20_000)]
    many = make_model([node("Relu", "x", name) for name in names], IMAGE, outputs=names)
    refused(many, tmp_path, "has 20000 outputs, more than the 1024")


@pytest.mark.parametrize("depth", [17, 30])
def test_functions_that_double(tmp_path: Path, depth: int) -> None:
    model = make_model([node(f"F{depth}", "x", "y", domain="d")], IMAGE)
    model.opset_import.append(helper.make_opsetid("d", 1))
    for level in range(depth + 1):
        inner = {"op": f"F{level - 1}", "domain": "d"} if level else {"op": "Relu"}
        body = [node(inputs="a", outputs="t", **inner), node(inputs="t", outputs="b", **inner)]
        model.functions.append(
            helper.make_function("d", f"F{level}", ["a"], ["b"], body, model.opset_import)
        )
    refused(model, tmp_path, f"has {2 ** (depth + 1)} nodes, functions written out")


def test_a_function_that_calls_itself(tmp_path: Path) -> None:
    model = make_model([node("F", "x", "y", domain="d")], IMAGE)
    model.opset_import.append(helper.make_opsetid("d", 1))
    body = [node("F", "a", "b", domain="d")]
    model.functions.append(helper.make_function("d", "F", ["a"], ["b"], body, model.opset_import))
    refused(model, tmp_path, "the function 'd.F' of the model calls itself")


# What is damaged


def test_a_name_with_a_nul_character(tmp_path: Path) -> None:
    model = make_model([node("Relu", "x", "y")], IMAGE)
    model.graph.node[0].input[0] = model.graph.input[0].name = "a\0b"
    refused(model, tmp_path, r"the name 'a\\x00b' .* holds a NUL character")


@pytest.mark.parametrize("damage", ["segment", "data"])
def test_a_constant_of_another_size(tmp_path: Path, damage: str) -> None:
    tensor = helper.make_tensor("v", TensorProto.FLOAT, [1], [2])
    if damage == "segment":
        tensor.segment.begin = 1
    else:
        tensor.float_data.append(1)
    model = make_model([node("Constant", "", "k", value=tensor), node("Add", "x k", "y")], IMAGE)
    refused(model, tmp_path, r"'v' of shape \[1\] is damaged")


def test_weights_of_another_rank(tmp_path: Path) -> None:
    model = one("Conv", {"w": np.ones(1, np.float32)}, kernel_shape=[1, 1])
    refused(model, tmp_path, r"the window \[1, 1\] .* doesn't fit its inputs")


@pytest.mark.parametrize(
    ("nodes", "pattern"),
    [
        ([node("Add", "x gone", "y", name="sum")], "'sum' .Add. reads 'gone', which no node comp"),
        ([node("Relu", "x", "z")], "no node computes the tensor 'y'"),
        ([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], "its own res"),
        ([node("Relu", "x", "y"), node("Tanh", "x", "y")], "defines the tensor 'y' 2 times"),
        ([node("Relu", "x", "x"), node("Tanh", "x", "y")], "defines the tensor 'x' 2 times"),
    ],
)
def test_tensors_that_nobody_or_two_compute(
    tmp_path: Path, nodes: list[onnx.NodeProto], pattern: str
) -> None:
    refused(make_model(nodes, IMAGE, outputs=["y"]), tmp_path, pattern)
