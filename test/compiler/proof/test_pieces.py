"""A model in pieces computes what it computes as a whole."""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np
import onnx
from onnx import helper
import pytest
from small_models import make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.frontend.read import read_model
from edge_compiler.onnx_runtime import reference
from edge_compiler.onnx_runtime.pieces import in_pieces
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.onnx_runtime.types import Types
from edge_perception.runtime.manifest import Tensor

SIDE = 64
BYTES = SIDE * SIDE * 4


def chain() -> onnx.ModelProto:
    """Return a network of weights that stay in the file; values skip products, and an If reads."""
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(op, ["a", "c"], [op])],
            name,
            [],
            [helper.make_tensor_value_info(op, onnx.TensorProto.FLOAT, None)],
        )
        for name, op in (("then", "Add"), ("else", "Sub"))
    }
    return make_model(
        [
            node("MatMul", "x w1", "a"),
            node("ReduceMean", "a", "mean", keepdims=0),
            node("Greater", "mean limit", "is"),
            node("MatMul", "a w2", "b"),
            node("MatMul", "b w1", "c"),
            node("If", "is", "chosen", **branches),
            node("MatMul", "chosen w3", "y"),
            node("Identity", "w3", "same"),
        ],
        {"x": [4, SIDE]},
        {name: weights(SIDE, SIDE) for name in ("w1", "w2", "w3")}
        | {"limit": np.array(0, np.float32)},
        ["y", "same", "c"],
    )


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


def cut(path: Path, most: int) -> list[list[str]]:
    """Return the operators of each piece."""
    model = read_model(path)
    return [[n.op_type for n in m.graph.node] for m in in_pieces(model, most, Types(model))]


def test_a_piece_has_no_more_weights_than_it_may(tmp_path: Path) -> None:
    path = saved(chain(), tmp_path)
    assert len(cut(path, 3 * BYTES)) == 1
    first = ["MatMul", "ReduceMean", "Greater", "MatMul", "MatMul", "If"]
    assert cut(path, 2 * BYTES) == [first, ["MatMul", "Identity"]]
    pieces = cut(path, 1)  # a node has what it needs
    assert pieces == [first[:3], first[3:4], first[4:], ["MatMul", "Identity"]]


@pytest.mark.parametrize("most", [1, 2 * BYTES])
@pytest.mark.parametrize("sign", [1, -1])
def test_pieces_compute_the_same(
    most: int, sign: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(chain(), tmp_path)
    inputs = {"x": sign * np.abs(weights(4, SIDE))}
    asked = [Tensor("x", (4, SIDE))], ["a", "b", "is"]
    whole = Reference(path, *asked).run(inputs)
    monkeypatch.setattr(reference, "_PIECE_BYTES", most)
    found = Reference(path, *asked).run(inputs)
    assert found.keys() == whole.keys() == {"a", "b", "is", "y", "same", "c"}
    for name, value in whole.items():
        np.testing.assert_array_equal(found[name], value, strict=True)


def test_types_are_inferred_once_where_bytes_are_multiplied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(
        [
            node("MatMul", "x w1", "a"),
            node("DynamicQuantizeLinear", "a", "q scale zero"),
            node("MatMulInteger", "q bytes zero", "b"),
            node("Cast", "b", "c", to=onnx.TensorProto.FLOAT),
            node("MatMul", "c w2", "y"),
        ],
        {"x": [4, SIDE]},
        {
            "w1": weights(SIDE, SIDE),
            "w2": weights(SIDE, SIDE),
            "bytes": (40 * weights(SIDE, SIDE)).astype(np.int8),
        },
    )
    path, inputs = saved(model, tmp_path), {"x": weights(4, SIDE)}
    whole = Reference(path, [Tensor("x", (4, SIDE))], []).run(inputs)
    calls: list[onnx.ModelProto] = []
    infer = onnx.shape_inference.infer_shapes
    monkeypatch.setattr(
        onnx.shape_inference, "infer_shapes", lambda model: calls.append(model) or infer(model)
    )
    monkeypatch.setattr(reference, "_PIECE_BYTES", 1)
    pieces = Reference(path, [Tensor("x", (4, SIDE))], [])
    np.testing.assert_array_equal(pieces.run(inputs)["y"], whole["y"], strict=True)
    assert len(calls) == 1
    assert len(pieces._pieces) == 2


def test_what_is_no_tensor_is_not_handed_on(tmp_path: Path) -> None:
    model = make_model(
        [
            node("MatMul", "x w1", "a"),
            node("SequenceConstruct", "a", "sequence"),
            node("MatMul", "a w2", "b"),
            node("SequenceInsert", "sequence b", "longer"),
            node("ConcatFromSequence", "longer", "c", axis=0),
            node("MatMul", "c w3", "y"),
        ],
        {"x": [4, SIDE]},
        {name: weights(SIDE, SIDE) for name in ("w1", "w2", "w3")},
    )
    pieces = cut(saved(model, tmp_path), 1)
    assert [piece[-1] for piece in pieces] == ["ConcatFromSequence", "MatMul"]


def test_unsorted_nodes_stay_together(tmp_path: Path) -> None:
    model = chain()
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes[::-1])
    assert len(cut(saved(model, tmp_path), 1)) == 1


@pytest.mark.parametrize("most", [1, 1 << 20])
def test_what_onnx_runtime_refuses_is_said(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "_PIECE_BYTES", most)
    model = chain()
    model.graph.node[0].op_type = "NoSuchOperator"
    refused = Reference(saved(model, tmp_path), [Tensor("x", (4, SIDE))], [])
    with pytest.raises(CompileError, match=r"cannot load .*m\.onnx: .*NoSuchOperator"):
        refused.check()
    monkeypatch.setattr(reference, "_PIECE_BYTES", most)
    path = saved(chain(), tmp_path)
    Reference(path, [Tensor("x", (4, SIDE))], []).check()
    with pytest.raises(CompileError, match=r"^ONNX Runtime \S+ cannot run the model: "):
        Reference(path, [Tensor("x", (4, SIDE))], []).run({"x": weights(4, 3)})


def test_integers_may_divide_whatever_stands_for_them(tmp_path: Path) -> None:
    divisors = np.arange(1, 1 + SIDE * SIDE).reshape(SIDE, SIDE)
    int64 = onnx.TensorProto.INT64
    model = make_model(
        [node("Div", "x d", "y")],
        {"x": [1, SIDE]},
        {"d": divisors},
        types={"x": int64, "y": int64},
    )
    path = saved(model, tmp_path)
    Reference(path, [Tensor("x", (1, SIDE), "int64")], []).check()


def test_a_crash_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "_PIECE_BYTES", 1)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    model = Reference(saved(chain(), tmp_path), [Tensor("x", (4, SIDE))], [])
    with pytest.raises(CompileError, match=r"crashed on \S+m\.onnx, or the machine has not"):
        model.run({"x": weights(4, SIDE)})
