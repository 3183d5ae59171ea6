"""The operators: what ONNX says of them, and what our kernels refuse."""

from __future__ import annotations

from pathlib import Path
import re

import numpy as np
import onnx
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler import ops, targets
from edge_compiler.ops.activations import ACTIVATIONS
from edge_compiler.refusal import listed, Refusal
from edge_compiler.targets.c.headers import HEADERS

CONSTANTS = {
    "w": weights(8, 2, 3, 3),
    "m": weights(6, 5),
    "m4": weights(4, 2, 3, 3),
    "axes": np.array([1, 3]),
    "sizes": np.array([1, 8, 6, 6]),
    "zero": np.array(0, np.int32),
}
SAME = {"auto_pad": "SAME_UPPER"}


def refusals(model: onnx.ModelProto, folder: Path) -> list[str | None]:
    return [targets.get("host").refusal(n) for n in load_model(model, folder).nodes]


@pytest.mark.parametrize("target", targets.names())
def test_every_operator_is_described(target: str) -> None:
    support = targets.get(target).support()
    if target == "c99":
        assert set(support) < set(ops.OPERATORS)
    else:
        assert set(support) == set(ops.OPERATORS)
    assert all(sentence.endswith(".") for sentence in support.values())


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([node("RandomNormalLike", "x", "y")], "the operator RandomNormalLike is not supported"),
        ([node("Conv", "x w", "y")], "don't fit 4 input channels"),
        ([node("LRN", "r", "y", size=3)], "only images"),
        ([node("Conv", "x w", "y", group=2, **SAME, strides=[6, 1])], "window that is smaller"),
        ([node("ConvTranspose", "x w", "y")], "don't fit 4 input channels"),
        (
            [node("ConvTranspose", "x m4", "y", **SAME, strides=[2, 2], output_padding=[1, 1])],
            "auto_pad with output_padding",
        ),
        ([node("MaxPool", "x", "y", **SAME, kernel_shape=[2, 2], dilations=[2, 2])], "dilations"),
        ([node("Dropout", "x", "y z")], "the output 'z' is not"),
        (
            [node("Cast", "x", "i", to=6), node("Resize", "i - - sizes", "y", mode="cubic")],
            "mode='cubic' is not supported",
        ),
        ([node("Cast", "x", "i", to=6), node("ReduceMean", "i", "y")], "int32, only float32"),
        ([node("Cast", "x", "i", to=6), node("Div", "i zero", "y")], "divided by zero"),
        (
            [node("Cast", "x", "i", to=6), node("Max", "i i i", "y")],
            "Max of 3 tensors of integers",
        ),
        ([node("Cast", "x", "i", to=13)], "uint64, only float32"),
    ],
)
def test_refusals(tmp_path: Path, nodes: list[onnx.NodeProto], reason: str) -> None:
    used = {name for n in nodes for name in n.input}
    inputs = {"x": [1, 4, 6, 6], "r": [1, 6, 6, 6, 6]}
    model = make_model(
        nodes,
        {name: shape for name, shape in inputs.items() if name in used},
        {name: array for name, array in CONSTANTS.items() if name in used},
        outputs=[nodes[-1].output[-1]],
    )
    *_, last = refusals(model, tmp_path)
    assert last is not None
    assert any(part in last for part in reason.split("|"))
    said = listed([Refusal("n", nodes[-1].op_type, last)])
    assert re.search(r"[:,(] ?(export|let) ", said), "it says what to do"


@pytest.mark.parametrize(
    ("proto", "macs"),
    [
        (node("Conv", "x w", "y", group=2), 8 * 4 * 4 * 2 * 9),
        (node("ConvTranspose", "x w4", "y", group=2, strides=[2, 2]), 4 * 6 * 6 * 2 * 9),
        (node("AveragePool", "x", "y", kernel_shape=[2, 2]), 4 * 5 * 5 * 4),
        (node("Relu", "x", "y"), 0),
    ],
)
def test_macs(tmp_path: Path, proto: onnx.NodeProto, macs: int) -> None:
    constants = {"w": CONSTANTS["w"], "w4": CONSTANTS["w"][:4]}
    model = make_model([proto], {"x": [1, 4, 6, 6]}, constants)
    assert ops.macs(load_model(model, tmp_path).nodes[0]) == macs


def test_kernels_know_every_activation() -> None:
    header = next(path for path in HEADERS if path.name == "activation.h").read_text()
    enumerators = re.findall(r"ACT_\w+", header[: header.index("activation_kind;")])
    assert sorted(enumerators) == sorted(["ACT_NONE", *(f.enumerator for f in ACTIVATIONS)])
