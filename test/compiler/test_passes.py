"""Each pass: what it makes of a graph, and that the graph still computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Activation, Graph
from edge_compiler.ir.printer import text
from edge_compiler.passes import optimise, PASSES
from edge_perception.runtime.manifest import Fusion

IMAGE = {"x": [1, 4, 6, 6]}
CONV = {"w": weights(4, 4, 3, 3), "bias": weights(4)}


def conv(source: str, result: str, w: str = "w bias", **attributes: Any) -> onnx.NodeProto:
    return node("Conv", f"{source} {w}", result, **{"pads": [1, 1, 1, 1]} | attributes)


def optimised(model: onnx.ModelProto, folder: Path) -> tuple[Graph, list[Fusion]]:
    """Optimise, comparing with the model after every single pass."""
    graph = load_model(model, folder)
    assert_same(graph, model)
    decisions = []
    for step in PASSES:
        decisions += step.run(graph)
        assert_same(graph, model)
        assert_linked(graph)
    assert text(graph)
    assert len({n.name for n in graph.nodes}) == len(graph.nodes)
    return graph, decisions


def assert_linked(graph: Graph) -> None:
    """Compare what the graph knows of its values with what its nodes say."""
    for value in {*graph.inputs, *(v for n in graph.nodes for v in (*n.reads(), *n.outputs))}:
        assert graph.producer(value) is next((n for n in graph.nodes if value in n.outputs), None)
        readers = [n for n in graph.nodes if value in tuple(n.reads())]
        assert graph.consumers(value) == readers
        sole = len(readers) == 1 and value not in graph.outputs
        assert graph.sole_consumer(value) is (readers[0] if sole else None)


def ops(graph: Graph) -> list[str]:
    return [n.op for n in graph.nodes]


def test_constants_are_computed(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape one", "channels"),
            node("Cast", "channels", "number", to=onnx.TensorProto.FLOAT),
            node("Sqrt", "number", "root"),
            node("ConstantOfShape", "size", "zeros"),
            node("Add", "zeros root", "sum"),
            node("Mul", "x sum", "y"),
        ],
        IMAGE,
        {"one": np.array(1), "size": np.array([1, 1, 6, 6])},
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Mul"]
    assert sum(d.pass_name == "fold-constants" and d.done for d in decisions) == 6


def test_a_constant_output_is_refused(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "y"), node("Neg", "c", "z")],
        IMAGE,
        {"c": weights(2)},
        outputs=["y", "z"],
    )
    with pytest.raises(CompileError, match="output 'z' doesn't depend on any input"):
        optimise(load_model(model, tmp_path))


@pytest.mark.parametrize("opset", [9, 21])
def test_noops_are_removed(tmp_path: Path, opset: int) -> None:
    model = make_model(
        [
            node("Identity", "x", "a"),
            node("Dropout", "a", "b"),
            node("Reshape", "b shape", "c"),
            node("Transpose", "c", "d", perm=[0, 1, 2, 3]),
            node("Concat", "d", "e", axis=1),
            node("Relu", "e", "f"),
            node("Identity", "f", "y"),
        ],
        IMAGE,
        {"shape": np.array([1, 4, 6, 6])},
        opset=opset,
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Relu"]
    assert graph.nodes[0].output.name == "y"


def test_a_noop_between_input_and_output_stays(tmp_path: Path) -> None:
    graph, decisions = optimised(make_model([node("Identity", "x", "y")], IMAGE), tmp_path)
    assert ops(graph) == ["Identity"]
    assert [d.done for d in decisions] == [False]


def test_what_is_decided_at_run_time_is_no_noop(tmp_path: Path) -> None:
    model = make_model(
        [
            node("ReduceMax", "x", "m", keepdims=0),
            node("Cast", "m", "training", to=onnx.TensorProto.BOOL),
            node("Dropout", "x ratio training", "y"),
        ],
        IMAGE,
        {"ratio": np.float32(0)},
    )
    assert "Dropout" in ops(optimised(model, tmp_path)[0])


def test_a_used_dropout_mask_keeps_the_dropout(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Dropout", "x", "y mask"),
            node("Cast", "mask", "z", to=onnx.TensorProto.FLOAT),
        ],
        IMAGE,
        outputs=["y", "z"],
    )
    assert "Dropout" in ops(optimised(model, tmp_path)[0])


def test_special_cases_become_usual_operators(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Sum", "x x", "a"),
            node("Clip", "a zero", "b"),
            node("PRelu", "b slope", "c"),
            node("GlobalAveragePool", "c", "d"),
            node("Flatten", "d", "e"),
            node("MatMul", "e w", "f"),
            node("Add", "f bias", "y"),
        ],
        IMAGE,
        {
            "zero": np.float32(0),
            "slope": np.full((4, 1, 1), 0.25, np.float32),
            "w": weights(4, 7),
            "bias": weights(7),
        },
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Add", "LeakyRelu", "GlobalAveragePool", "Flatten", "Gemm"]
    assert graph.nodes[0].fused.activation == Activation("Relu")


def batch_norm(source: str, result: str, opset: int = 21) -> onnx.NodeProto:
    return node("BatchNormalization", f"{source} s o m v", result, epsilon=1e-3)


NORM = {"s": weights(4), "o": weights(4), "m": weights(4), "v": weights(4, low=0.1, high=2)}


def test_batch_norm_and_scale_fold_into_the_conv_before(tmp_path: Path) -> None:
    model = make_model(
        [
            conv("x", "a"),
            batch_norm("a", "b"),
            node("Mul", "b k", "c"),
            node("Sub", "shift c", "d"),
            node("Div", "d k", "e"),
            node("Relu", "e", "y"),
        ],
        IMAGE,
        CONV | NORM | {"k": weights(1, 4, 1, 1, low=0.5), "shift": np.float32(0.3)},
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    assert graph.nodes[0].output.name == "y"
    assert len(graph.nodes[0].origins) == 6
    assert graph.nodes[0].fused.activation == Activation("Relu")
    assert [d.pass_name for d in decisions if d.done][-2:] == [
        "fold-affine-back",
        "fuse-activation",
    ]


@pytest.mark.parametrize("transposed", [0, 1])
def test_scale_folds_into_gemm(tmp_path: Path, transposed: int) -> None:
    model = make_model(
        [
            node("Gemm", "x w b", "a", alpha=0.5, beta=2.0, transB=transposed),
            node("Mul", "a k", "b2"),
            node("Add", "b2 k", "y"),
        ],
        {"x": [1, 5]},
        {
            "w": weights(3, 5) if transposed else weights(5, 3),
            "b": weights(1, 3),
            "k": weights(3),
        },
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Gemm"]


@pytest.mark.parametrize("group", [1, 2, 4])
def test_scale_folds_into_an_unpadded_conv_after(tmp_path: Path, group: int) -> None:
    model = make_model(
        [
            node("Relu", "x", "r"),
            batch_norm("r", "a"),
            node("Conv", "a w bias", "y", group=group),
        ],
        IMAGE,
        NORM | {"w": weights(8, 4 // group, 3, 3), "bias": weights(8)},
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Relu", "Conv"]


def test_a_shift_does_not_pass_padding_but_a_scale_does(tmp_path: Path) -> None:
    shifted = make_model(
        [node("Add", "x k", "a"), conv("a", "y")], IMAGE, CONV | {"k": weights(4, 1, 1)}
    )
    graph, decisions = optimised(shifted, tmp_path)
    assert ops(graph) == ["ChannelAffine", "Conv"]
    assert any("padding must stay zero" in d.reason for d in decisions if not d.done)
    scaled = make_model(
        [node("Mul", "x k", "a"), conv("a", "y")], IMAGE, CONV | {"k": weights(4, 1, 1)}
    )
    assert ops(optimised(scaled, tmp_path)[0]) == ["Conv"]


def test_a_result_used_twice_is_not_folded(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), batch_norm("a", "b"), node("Concat", "a b", "y", axis=1)],
        IMAGE,
        CONV | NORM,
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Conv", "ChannelAffine", "Concat"]
    assert any("used elsewhere" in d.reason for d in decisions if not d.done)


def test_outputs_of_the_model_are_never_fused_away(tmp_path: Path) -> None:
    model = make_model(
        [
            conv("x", "a"),
            batch_norm("a", "b"),
            node("Relu", "b", "c"),
            node("Add", "c x", "d"),
            node("Sigmoid", "d", "e"),
            node("Mul", "d e", "y"),
        ],
        IMAGE,
        CONV | NORM,
        outputs=["y", "e", "d", "c", "b", "a"],
    )
    graph, _ = optimised(model, tmp_path)
    assert [value.name for value in graph.outputs] == ["y", "e", "d", "c", "b", "a"]


@pytest.mark.parametrize(
    ("pool", "attributes", "fused"),
    [
        ("Conv", {}, True),
        ("AveragePool", {"kernel_shape": [3, 3]}, True),
        ("AveragePool", {"kernel_shape": [2, 2]}, False),
        ("AveragePool", {"kernel_shape": [3, 3], "ceil_mode": 1, "strides": [2, 2]}, False),
        ("AveragePool", {"kernel_shape": [4, 4], "pads": [1, 1, 1, 1]}, False),
        (
            "AveragePool",
            {"kernel_shape": [4, 4], "pads": [1, 1, 1, 1], "count_include_pad": 1},
            True,
        ),
        ("MaxPool", {"kernel_shape": [3, 3]}, False),
    ],
)
def test_padding(tmp_path: Path, pool: str, attributes: dict[str, Any], fused: bool) -> None:
    operands = "a w bias" if pool == "Conv" else "a"
    model = make_model(
        [node("Pad", "x pads", "a"), node(pool, operands, "y", **attributes)],
        IMAGE,
        {"pads": np.array([0, 0, 1, 2, 0, 0, 2, 0])} | (CONV if pool == "Conv" else {}),
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ([pool] if fused else ["Pad", pool])
    assert [d.done for d in decisions] == [fused]


def test_zeros_before_max_pool_are_padding_after_relu(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Relu", "x", "a"),
            node("Pad", "a pads - axes", "b"),
            node("MaxPool", "b", "y", kernel_shape=[3, 3], strides=[2, 2]),
        ],
        IMAGE,
        {"pads": np.array([1, 1, 1, 1]), "axes": np.array([-1, 2])},
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Relu", "MaxPool"]


@pytest.mark.parametrize("value", [1.0, None])
def test_other_padding_stays(tmp_path: Path, value: float | None) -> None:
    """Padding by ones, and padding of channels."""
    pads = [0, 0, 1, 1, 0, 0, 1, 1] if value else [0, 1, 0, 0, 0, 0, 0, 0]
    model = make_model(
        [node("Pad", "x pads value", "a"), conv("a", "y", "w")],
        {"x": [1, 4 if value else 3, 6, 6]},
        CONV | {"pads": np.array(pads), "value": np.float32(value or 0)},
    )
    assert ops(optimised(model, tmp_path)[0]) == ["Pad", "Conv"]


THREE = {"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6)}
SIXTH = {"sixth": np.float32(1 / 6)}
RELU6 = [node("Add", "x three", "p"), node("Clip", "p zero six", "c")]
GELU = {
    "root": np.float32(np.sqrt(2)),
    "one": np.float32(1),
    "half": np.float32(0.5),
    "cubic": np.float32(0.044715),
    "slope": np.float32(np.sqrt(2 / np.pi)),
}
ERF = [node("Div", "x root", "d"), node("Erf", "d", "e"), node("Add", "e one", "p")]
TANH = [
    node("Pow", "x three", "x3"),
    node("Mul", "x3 cubic", "s"),
    node("Add", "x s", "t"),
    node("Mul", "slope t", "u"),
    node("Tanh", "u", "e"),
    node("Add", "one e", "p"),
]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], "SiLU"),
        ([node("Sigmoid", "x", "s"), node("Mul", "s x", "y")], "SiLU"),
        ([node("HardSigmoid", "x", "s", alpha=1 / 6), node("Mul", "x s", "y")], "HardSwish"),
        ([*RELU6, node("Div", "c six", "s"), node("Mul", "x s", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "x c", "s"), node("Div", "s six", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "c x", "s"), node("Mul", "sixth s", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "c sixth", "y")], "HardSigmoid"),
        ([*ERF, node("Mul", "x p", "q"), node("Mul", "q half", "y")], "Gelu"),
        ([*ERF, node("Mul", "half x", "q"), node("Mul", "q p", "y")], "Gelu"),
        ([*ERF, node("Mul", "p half", "q"), node("Mul", "x q", "y")], "Gelu"),
        ([*TANH, node("Mul", "half x", "q"), node("Mul", "q p", "y")], "GeluTanh"),
    ],
)
def test_activations_of_several_nodes(
    tmp_path: Path, nodes: list[onnx.NodeProto], expected: str
) -> None:
    model = make_model([conv("i", "x"), *nodes], {"i": IMAGE["x"]}, CONV | THREE | SIXTH | GELU)
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    activation = graph.nodes[0].fused.activation
    assert activation is not None
    assert activation.op == expected


@pytest.mark.parametrize(
    "nodes",
    [
        [node("HardSigmoid", "x", "s", alpha=0.2), node("Mul", "x s", "y")],
        [*RELU6, node("Div", "c three", "y")],
        [*RELU6, node("Mul", "p c", "s"), node("Div", "s six", "y")],
        [*ERF, node("Mul", "e half", "q"), node("Mul", "x q", "y")],
    ],
)
def test_what_only_looks_like_an_activation(tmp_path: Path, nodes: list[onnx.NodeProto]) -> None:
    model = make_model(nodes, {"x": [1, 2, 3, 3]}, THREE | GELU)
    graph, _ = optimised(model, tmp_path)
    assert not {"HardSwish", "SiLU", "Gelu"} & set(ops(graph))


def test_an_activation_whose_parts_are_used_elsewhere_stays(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")]
    model = make_model(nodes, {"x": [1, 2, 3, 3]}, outputs=["y", "s"])
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Sigmoid", "Mul"]
    reasons = [decision.reason for decision in decisions if not decision.done]
    assert any("not recognised as SiLU: the result of" in reason for reason in reasons)


@pytest.mark.parametrize(
    "activation",
    [
        node("Relu", "a", "y"),
        node("LeakyRelu", "a", "y", alpha=0.2),
        node("Sigmoid", "a", "y"),
        node("Tanh", "a", "y"),
        node("HardSwish", "a", "y"),
        node("HardSigmoid", "a", "y", alpha=0.3, beta=0.4),
        node("Clip", "a low high", "y"),
        node("Clip", "a - high", "y"),
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        conv("x", "a"),
        node("Add", "x other", "a"),
        node("Mul", "x k", "a"),
        node("MaxPool", "x", "a", kernel_shape=[2, 2]),
    ],
)
def test_activations_are_fused(
    tmp_path: Path, first: onnx.NodeProto, activation: onnx.NodeProto
) -> None:
    model = make_model(
        [first, activation],
        IMAGE | {"other": IMAGE["x"]},
        CONV | {"k": weights(4, 1, 1), "low": np.float32(-0.5), "high": np.float32(2)},
    )
    graph, _ = optimised(model, tmp_path)
    if first.op_type == "MaxPool":
        assert ops(graph) == ["MaxPool", activation.op_type]
    else:
        assert len(graph.nodes) == 1
        assert graph.nodes[0].fused.activation is not None


def test_computed_bounds_are_no_activation(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), node("ReduceMax", "x", "m", keepdims=0), node("Clip", "a - m", "y")],
        IMAGE,
        CONV,
    )
    assert "Clip" in ops(optimised(model, tmp_path)[0])


@pytest.mark.parametrize("order", ["a x", "x a"])
def test_residual(tmp_path: Path, order: str) -> None:
    model = make_model(
        [conv("x", "a"), node("Sum", order, "s"), node("Relu", "s", "y")], IMAGE, CONV
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    assert graph.nodes[0].fused.residual is graph.inputs[0]
    assert graph.nodes[0].fused.activation == Activation("Relu")


def test_a_residual_computed_later_is_waited_for(tmp_path: Path) -> None:
    model = make_model(
        [conv("x", "a"), node("Tanh", "x", "t"), node("Add", "a t", "y")], IMAGE, CONV
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Tanh", "Conv"]
    two = make_model([conv("x", "a"), conv("x", "b", "w"), node("Add", "a b", "y")], IMAGE, CONV)
    graph, _ = optimised(two, tmp_path)
    assert [n.fused.residual is not None for n in graph.nodes] == [False, True]


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([conv("x", "a"), node("Add", "a full", "y")], "constant"),
        (
            [
                conv("x", "a"),
                node("GlobalAveragePool", "x", "g"),
                node("Add", "a g", "y"),
            ],
            "broadcast",
        ),
        (
            [conv("x", "a"), node("Add", "a x", "s"), node("Mul", "a s", "y")],
            "used elsewhere",
        ),
    ],
)
def test_what_is_no_residual(tmp_path: Path, nodes: list[onnx.NodeProto], reason: str) -> None:
    model = make_model(nodes, IMAGE, CONV | {"full": weights(1, 4, 6, 6)})
    graph, decisions = optimised(model, tmp_path)
    assert "Add" in ops(graph)
    assert any(reason in d.reason for d in decisions if not d.done)


def test_the_conv_that_can_adds_the_one_that_cannot(tmp_path: Path) -> None:
    """The later of two convolutions is read elsewhere too: the earlier one adds it."""
    model = make_model(
        [
            conv("x", "a"),
            conv("x", "b", "w"),
            node("Add", "a b", "s"),
            node("Mul", "b s", "y"),
        ],
        IMAGE,
        CONV,
    )
    graph, _ = optimised(model, tmp_path)
    assert [n.output.name for n in graph.nodes] == ["b", "s", "y"]
    assert graph.nodes[1].fused.residual is graph.nodes[0].output


def test_a_value_added_to_itself_is_no_residual(tmp_path: Path) -> None:
    model = make_model([conv("x", "a"), node("Add", "a a", "y")], IMAGE, CONV)
    assert ops(optimised(model, tmp_path)[0]) == ["Conv", "Add"]


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (node("ReduceMean", "x axes", "y"), ["GlobalAveragePool"]),
        (node("ReduceMean", "x axes", "y", keepdims=0), ["GlobalAveragePool", "Reshape"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 6]), ["GlobalAveragePool"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 5]), ["AveragePool"]),
        (node("AveragePool", "x", "y", kernel_shape=[6, 6], pads=[0, 1, 0, 0]), ["AveragePool"]),
    ],
)
def test_global_pool(tmp_path: Path, pool: onnx.NodeProto, expected: list[str]) -> None:
    model = make_model([pool], IMAGE, {"axes": np.array([-1, 2])})
    assert ops(optimised(model, tmp_path)[0]) == expected


def test_transpose_without_order_reverses(tmp_path: Path) -> None:
    model = make_model([node("Transpose", "x", "y")], IMAGE)
    graph, _ = optimised(model, tmp_path)
    assert graph.nodes[0].attributes == {"perm": [3, 2, 1, 0]}


@pytest.mark.parametrize("permutation", [[0, 2, 1, 3, 4], [0, 2, 1, 4, 3]])
def test_channel_shuffle(tmp_path: Path, permutation: list[int]) -> None:
    model = make_model(
        [
            node("Reshape", "x split", "a"),
            node("Transpose", "a", "b", perm=permutation),
            node("Reshape", "b joined", "y"),
        ],
        {"x": [1, 6, 3, 3]},
        {"split": np.array([1, 2, 3, 3, 3]), "joined": np.array([1, 6, 3, 3])},
    )
    graph, _ = optimised(model, tmp_path)
    if permutation[3] == 3:
        assert ops(graph) == ["ChannelShuffle"]
        assert graph.nodes[0].attributes == {"groups": 2}
    else:
        assert ops(graph) == ["Reshape", "Transpose", "Reshape"]


def test_dead_code_is_dropped(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Sigmoid", "x", "dead"),
            node("Tanh", "dead", "dead2"),
            node("MaxPool", "x", "y indices", kernel_shape=[2, 2]),
        ],
        IMAGE,
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["MaxPool"]
    assert len(graph.nodes[0].outputs) == 1


def test_every_pass_says_what_it_is() -> None:
    assert all(step.name and step.summary for step in PASSES)
