"""Control flow of a known course, and operators that ONNX defines by others: written out."""

from __future__ import annotations

from pathlib import Path

from frontend_cases import refused
import numpy as np
import onnx
from onnx import helper, numpy_helper
import pytest
from small_models import assert_same, load_model, make_model, node

from edge_compiler.passes import optimise

ROWS = {"x": [3, 4]}


def _graph(nodes: list[onnx.NodeProto], inputs: str, outputs: str) -> onnx.GraphProto:
    def tensors(names: str) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(name, 1, None) for name in names.split()]

    return helper.make_graph(nodes, "inner", tensors(inputs), tensors(outputs))


def _check(model: onnx.ModelProto, folder: Path) -> list[str]:
    """Compare the graph of a model with ONNX Runtime; return its operators."""
    graph = load_model(model, folder)
    assert_same(graph, model)
    return [node.op for node in graph.nodes]


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("LogSoftmax", {"axis": 0}),
        ("Celu", {"alpha": 0.7}),
        ("Mish", {}),
        ("Shrink", {"lambd": 0.5, "bias": 0.2}),
        ("MeanVarianceNormalization", {"axes": [1]}),
    ],
)
def test_what_onnx_defines_by_other_operators(
    op: str, attributes: dict[str, float], tmp_path: Path
) -> None:
    model = make_model([node(op, "x", "y", name="it", **attributes)], ROWS)
    assert op not in _check(model, tmp_path)
    graph = load_model(model, tmp_path)
    assert {origin for n in graph.nodes for origin in n.origins} == {"it"}


def test_a_condition_that_follows_from_shapes(tmp_path: Path) -> None:
    wide = _graph([node("Neg", "x", "n"), node("Exp", "n", "z")], "", "z")
    model = make_model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape one", "width"),
            node("Equal", "width four", "is_four"),
            node(
                "If",
                "is_four",
                "y",
                then_branch=wide,
                else_branch=_graph([node("Identity", "x", "same")], "", "same"),
            ),
        ],
        ROWS,
        {"one": np.array(1), "four": np.array(4)},
    )
    assert "Exp" in _check(model, tmp_path)
    model = make_model(
        list(model.graph.node), {"x": [3, 5]}, {"one": np.array(1), "four": np.array(4)}
    )
    assert "Exp" not in _check(model, tmp_path)


def test_a_condition_that_the_network_computes_chooses_between_both_branches(
    tmp_path: Path,
) -> None:
    nodes = [node("ReduceMax", "x", "most", keepdims=0), node("Greater", "most limit", "is_large")]
    then = _graph([node("Neg", "x", "z")], "", "z")

    def choice(other: onnx.NodeProto) -> onnx.ModelProto:
        branches = {"then_branch": then, "else_branch": _graph([other], "", "z")}
        limit = {"limit": np.float32(2)}
        return make_model([*nodes, node("If", "is_large", "y", **branches)], ROWS, limit)

    assert "Where" in _check(choice(node("Abs", "x", "z")), tmp_path)
    other = choice(node("ReduceSum", "x", "z"))
    refused(
        other, tmp_path, r"export .* with the branch .*'y' \(If\) .* shapes, \[3, 4\] and \[1, 1\]"
    )


def test_an_input_that_chooses_a_branch_may_become_a_constant(tmp_path: Path) -> None:
    """Both branches can't be compiled, as one doesn't fit the other input: a sampling rate."""
    then = _graph([node("Neg", "x", "z")], "", "z")
    other = _graph([node("MatMul", "x x", "z")], "", "z")
    nodes = [
        node("Equal", "rate wanted", "is_wanted"),
        node("If", "is_wanted", "y", then_branch=then, else_branch=other),
    ]
    model = make_model(nodes, {"x": [3, 4]}, {"wanted": np.array(16000)})
    rate = helper.make_tensor_value_info("rate", onnx.TensorProto.INT64, [])
    model.graph.input.append(rate)
    refused(
        model, tmp_path, r"edgec import MODEL --constant rate=VALUE -o COPY.onnx; .*\(MatMul\)"
    )


def _loop(steps: int, condition: list[onnx.NodeProto]) -> onnx.ModelProto:
    """Return a model that adds x to a sum, doubles it, and keeps the sums."""
    body = _graph(
        [node("Add", "sum x", "more"), node("Identity", "more", "kept"), *condition],
        "i go sum",
        "on more kept",
    )
    body.initializer.append(numpy_helper.from_array(np.array(2), "last"))
    for value, type_ in ((body.input[0], 7), (body.input[1], 9), (body.output[0], 9)):
        value.CopyFrom(helper.make_tensor_value_info(value.name, type_, []))
    return make_model(
        [node("Loop", "steps go_on x", "sum all", body=body)],
        ROWS,
        {"steps": np.array(steps), "go_on": np.array(True)},
        ["sum", "all"],
    )


def test_a_loop_of_known_length(tmp_path: Path) -> None:
    ops = _check(_loop(4, [node("Identity", "go", "on")]), tmp_path)
    assert ops.count("Add") == 4


def test_a_loop_whose_condition_ends_it(tmp_path: Path) -> None:
    ops = _check(_loop(9, [node("Less", "i last", "on")]), tmp_path)
    assert ops.count("Add") == 3


def test_a_loop_that_is_too_long_or_whose_end_depends_on_the_input(tmp_path: Path) -> None:
    refused(
        _loop(10**6, [node("Identity", "go", "on")]), tmp_path, "'sum' .* more than 20000 nodes"
    )
    ends = [node("ReduceMax", "more", "most", keepdims=0), node("Cast", "most", "on", to=9)]
    refused(_loop(4, ends), tmp_path, r"'sum' \(Loop\) has a condition that is known only while")


def test_a_scan_of_two_inputs_one_backwards(tmp_path: Path) -> None:
    body = _graph(
        [node("Add", "state a", "s"), node("Mul", "s b", "out"), node("Neg", "s", "next")],
        "state a b",
        "next out",
    )
    model = make_model(
        [
            node(
                "Scan",
                "start x y",
                "end all",
                body=body,
                num_scan_inputs=2,
                scan_input_axes=[0, 1],
                scan_input_directions=[0, 1],
                scan_output_axes=[1],
                scan_output_directions=[1],
            )
        ],
        {"start": [4], "x": [3, 4], "y": [4, 3]},
        outputs=["end", "all"],
    )
    _check(model, tmp_path)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bij,bkj->bik", [(2, 3, 4), (2, 5, 4)]),
        ("...ij,jk", [(2, 3, 4), (4, 5)]),
        ("ij->ji", [(3, 4)]),
        ("bnct,bcm->bmtn", [(2, 3, 4, 5), (2, 4, 6)]),
        ("i,j,ij->", [(3,), (4,), (3, 4)]),
        ("abc,abc->abc", [(2, 3, 4), (2, 3, 4)]),
    ],
)
def test_einsum(equation: str, shapes: list[tuple[int, ...]], tmp_path: Path) -> None:
    inputs = {f"x{i}": list(shape) for i, shape in enumerate(shapes)}
    model = make_model([node("Einsum", " ".join(inputs), "y", equation=equation)], inputs)
    assert "Einsum" not in _check(model, tmp_path)


def test_an_einsum_of_a_diagonal_is_refused(tmp_path: Path) -> None:
    model = make_model([node("Einsum", "x", "y", equation="ii->i")], {"x": [3, 3]})
    refused(model, tmp_path, r"'y' \(Einsum\) takes a diagonal")


def test_operators_that_are_written_as_others(tmp_path: Path) -> None:
    nodes = [
        node("Mean", "x x2", "mean"),
        node("Hardmax", "x", "hard", axis=0),
        node("Trilu", "x one", "upper"),
        node("Trilu", "x", "lower", upper=0),
        node("ArgMax", "x", "best", axis=1, keepdims=0),
        node("OneHot", "best depth off_on", "hot", axis=0),
        node("ReverseSequence", "x lengths", "turned", time_axis=1, batch_axis=0),
        node("EyeLike", "x", "eye", k=1),
        node("Add", "x eye", "more"),
    ]
    constants = {
        "one": np.array(1),
        "depth": np.array(4),
        "off_on": np.array([-1, 2], np.float32),
        "lengths": np.array([2, 1, 4]),
    }
    outputs = ["mean", "hard", "upper", "lower", "hot", "turned", "more"]
    model = make_model(nodes, ROWS | {"x2": [3, 1]}, constants, outputs)
    ops = _check(model, tmp_path)
    assert not {"Hardmax", "Mean", "OneHot", "ReverseSequence", "Trilu"} & set(ops)


def test_products_of_integers(tmp_path: Path) -> None:
    """Rewritten in floats, they are the same integers."""
    constants = {
        "scale": np.float32(0.02),
        "zero": np.uint8(120),
        "w": np.arange(-6, 6, dtype=np.int8).reshape(4, 3),
        "w_scale": np.float32([0.1, 0.2, 0.3]),
        "w_zero": np.int8([0, 0, 0]),
        "y_scale": np.float32(0.05),
        "k": np.arange(-9, 9, dtype=np.int8).reshape(2, 1, 3, 3),
        "k_scale": np.float32([0.01, 0.02]),
        "k_zero": np.int8([0, 0]),
        "bias": np.int32([5, -300]),
    }
    nodes = [
        node("QuantizeLinear", "x scale zero", "q"),
        node("QLinearMatMul", "q scale zero w w_scale w_zero y_scale zero", "product"),
        node("MatMulInteger", "q w zero", "whole"),
        node("QuantizeLinear", "image scale zero", "pixels"),
        node(
            "QLinearConv",
            "pixels scale zero k k_scale k_zero y_scale zero bias",
            "conv",
            pads=[1] * 4,
        ),
        node("ConvInteger", "pixels k zero", "sums"),
    ]
    types = {"product": 2, "whole": 6, "conv": 2, "sums": 6}
    inputs = ROWS | {"image": [1, 1, 5, 6]}
    _check(make_model(nodes, inputs, constants, list(types), types=types), tmp_path)


def test_images_of_bytes_are_resized(tmp_path: Path) -> None:
    nodes = [
        node("Cast", "x", "bytes", to=2),
        node("Resize", "bytes - - size", "y", mode="linear"),
    ]
    constants = {"size": np.array([1, 2, 9, 7], np.int64)}
    _check(make_model(nodes, {"x": [1, 2, 5, 6]}, constants, types={"y": 2}), tmp_path)


def test_numbers_that_are_all_zero_become_integers(tmp_path: Path) -> None:
    constants = {"zero": np.float32(0)}
    nodes = [
        node("Mul", "x zero", "nothing"),
        node("DynamicQuantizeLinear", "nothing", "y scale point"),
        node("DynamicQuantizeLinear", "x", "z z_scale z_point"),
    ]
    outputs = ["y", "scale", "point", "z", "z_scale", "z_point"]
    types = dict.fromkeys(("y", "point", "z", "z_point"), 2)
    _check(make_model(nodes, ROWS, constants, outputs, types=types), tmp_path)


def test_long_sums_of_integers(tmp_path: Path) -> None:
    """Integers have them, or float32 in parts: as many as weights say, or the largest bytes."""
    generator = np.random.default_rng(0)
    constants = {
        "large_weights": np.full((600, 2), 255, np.uint8),
        "small": generator.integers(-9, 9, (600, 2), np.int8),
        "k": np.full((2, 300, 1, 1), -128, np.int8),
        "shape": np.int64([1, 300, 2, 1]),
        "many": np.float32(200),
        "most": np.float32(255),
    }
    nodes = [
        node("Abs", "x", "size"),
        node("Mul", "size many", "large_size"),
        node("Min", "large_size most", "limited"),
        node("Cast", "limited", "bytes", to=2),
        node("MatMulInteger", "bytes large_weights", "parts"),
        node("MatMulInteger", "bytes small", "whole"),
        node("Transpose", "bytes", "column", perm=[1, 0]),
        node("MatMulInteger", "bytes column", "computed"),
        node("Reshape", "bytes shape", "pixels"),
        node("ConvInteger", "pixels k", "conv"),
    ]
    types = dict.fromkeys(("parts", "whole", "computed", "conv"), 6)
    model = make_model(nodes, {"x": [1, 600]}, constants, list(types), types=types)
    graph = load_model(model, tmp_path)
    ops = [n.op for n in graph.nodes]
    assert ops.count("MatMul") == 3
    assert ops.count("MatMulInteger") == 2 + 1  # of those beyond int8 the rest is a second one
    assert ops.count("ConvInteger") == 1
    assert_same(graph, model)


def test_a_long_sum_of_integers_in_each_group_is_refused(tmp_path: Path) -> None:
    nodes = [node("Cast", "x", "i", to=2), node("ConvInteger", "i k", "y", group=2)]
    constants = {"k": np.full((2, 600, 1, 1), 128, np.uint8)}
    model = make_model(nodes, {"x": [1, 1200, 1, 1]}, constants, types={"y": 6})
    refused(model, tmp_path, r"'y' \(ConvInteger\) adds up 600 products of integers in each group")


def test_results_as_long_as_what_is_found_are_refused(tmp_path: Path) -> None:
    nodes = [
        node("Relu", "x", "boxes"),
        node("Sigmoid", "likely", "scores"),
        node("NonMaxSuppression", "boxes scores", "y"),
    ]
    model = make_model(nodes, {"x": [1, 6, 4], "likely": [1, 1, 6]}, types={"y": 7})
    refused(model, tmp_path, "yields as many boxes as it finds.*fixed.*--outputs boxes,scores")


def test_sequences_of_known_length(tmp_path: Path) -> None:
    body = helper.make_graph(
        [
            node("Identity", "go", "still"),
            node("SequenceAt", "rows i", "row"),
            node("Mul", "row two", "doubled"),
            node("SequenceInsert", "kept doubled first", "more"),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", 7, []),
            helper.make_tensor_value_info("go", 9, []),
            helper.make_tensor_sequence_value_info("kept", 1, None),
        ],
        [
            helper.make_tensor_value_info("still", 9, []),
            helper.make_tensor_sequence_value_info("more", 1, None),
        ],
    )
    nodes = [
        node("SplitToSequence", "x", "rows", axis=-2, keepdims=0),
        node("SequenceLength", "rows", "count"),
        node("SequenceEmpty", "", "none"),
        node("Loop", "count - none", "doubled_rows", body=body),
        node("SequenceErase", "doubled_rows first", "fewer"),
        node("ConcatFromSequence", "fewer", "stacked", axis=1, new_axis=1),
        node("SplitToSequence", "x", "alone"),
        node("SequenceAt", "alone first", "one"),
        node("SplitToSequence", "x two_rows", "pairs", axis=1),
        node("SequenceAt", "pairs last", "rest"),
        node("SplitToSequence", "x sizes", "parts", axis=2),
        node("ConcatFromSequence", "parts", "whole", axis=2),
        node("SequenceConstruct", "one x", "two_of_them"),
        node("SequenceInsert", "two_of_them one last", "three"),
        node("SequenceErase", "three", "two_again"),
        node("ConcatFromSequence", "two_again", "joined", axis=0),
    ]
    nodes[3].input[1] = ""
    constants = {
        "two": np.float32(2),
        "first": np.int64(0),
        "last": np.int64(-1),
        "two_rows": np.int64(2),
        "sizes": np.array([1, 3]),
    }
    outputs = ["stacked", "one", "rest", "whole", "joined", "count"]
    model = make_model(nodes, {"x": [1, 5, 4]}, constants, outputs, types={"count": 7})
    assert_same(load_model(model, tmp_path), model)


def test_each_of_a_sequence_is_mapped(tmp_path: Path) -> None:
    body = helper.make_graph(
        [node("Exp", "part", "power")],
        "body",
        [helper.make_tensor_value_info("part", 1, None)],
        [helper.make_tensor_value_info("power", 1, None)],
    )
    nodes = [
        node("SplitToSequence", "x", "rows", axis=1),
        node("SequenceMap", "rows", "powers", body=body),
        node("ConcatFromSequence", "powers", "y", axis=1),
    ]
    model = make_model(nodes, {"x": [1, 3, 4]})
    assert_same(load_model(model, tmp_path), model)


def test_sequences_that_a_robot_would_see_are_refused(tmp_path: Path) -> None:
    nodes = [node("SplitToSequence", "x", "y")]
    model = make_model(nodes, {"x": [1, 3, 4]})
    sequence = helper.make_tensor_sequence_value_info("y", 1, [1, 1, 4])
    model.graph.output[0].CopyFrom(sequence)
    refused(model, tmp_path, r"'y' is a sequence, but only tensors")
    nodes = [
        node("SplitToSequence", "x", "parts"),
        node("ArgMax", "x", "i", axis=2, keepdims=0),
        node("ReduceMax", "i", "place", keepdims=0),
        node("SequenceAt", "parts place", "y"),
    ]
    model = make_model(nodes, {"x": [1, 3, 4]})
    refused(model, tmp_path, r"\(SequenceAt\) has a place or size, 'place', that is known")
    nodes = [node("SequenceEmpty", "", "none"), node("ConcatFromSequence", "none", "y", axis=0)]
    refused(make_model(nodes, {"x": [1, 3]}), tmp_path, r"'y' .* joins the tensors of an empty")


def test_weights_of_uint8_around_128_are_those_of_int8(tmp_path: Path) -> None:
    """As symmetric weights are quantised: one product, as of int8, and nothing behind it."""
    bytes_ = np.random.default_rng(0).permutation(256).astype(np.uint8).reshape(8, 32)
    constants = {"w": bytes_, "zero": np.uint8(7), "w_zero": np.uint8(128)}
    nodes = [node("MatMulInteger", "x w zero w_zero", "y")]
    types = {"x": onnx.TensorProto.UINT8, "y": onnx.TensorProto.INT32}
    graph = load_model(make_model(nodes, {"x": [4, 8]}, constants, types=types), tmp_path)
    optimise(graph)
    [product] = graph.nodes
    assert product.op == "MatMulInteger"
    found = product.constant(1)
    np.testing.assert_array_equal(found, (bytes_ - 128).view(np.int8), strict=True)
