"""The second opinion's arithmetic: what it computes, and what it lets pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from operator_models import OPERATOR_MODELS
import pytest
from small_models import Array, make_model, node, run, small_inputs, weights

from edge_compiler import ops
from edge_compiler.float64 import Exact, Network
from edge_compiler.float64.rules import RULES
from edge_compiler.integers.evaluate import RULES as INTEGER_RULES
from edge_compiler.ir.dtype import onnx_name
from edge_perception.runtime.manifest import Tensor

MADE_BY_PASSES = {"ChannelAffine", "ChannelShuffle", "SiLU", *INTEGER_RULES}


def test_every_operator_has_a_rule() -> None:
    assert set(ops.OPERATORS) - MADE_BY_PASSES <= set(RULES)


def network(model: onnx.ModelProto, folder: Path, feeds: dict[str, Array]) -> Network:
    path = folder / "model.onnx"
    onnx.save(model, path)
    return Network(path, {name: array.shape for name, array in feeds.items()})


BYTES = ("quantised", "signed_bytes")
UNBOUNDED = {"q_square", "q_strided_sum"}
"""Sums of so many products of bytes that all errors together may be half of what a byte holds."""


@pytest.mark.parametrize("name", OPERATOR_MODELS)
def test_onnx_runtime_is_as_near_as_float32_can_be(name: str, tmp_path: Path) -> None:
    model = OPERATOR_MODELS[name]()
    inputs = ((v.name, v.type.tensor_type) for v in model.graph.input)
    feeds = small_inputs(
        (
            Tensor(name, tuple(d.dim_value for d in t.shape.dim), onnx_name(t.elem_type))
            for name, t in inputs
        ),
        seed=1,
    )
    random = np.random.default_rng(1)
    for array in feeds.values():
        if array.dtype.kind == "f":
            array[...] = random.standard_normal(array.shape, np.float32)
    made = network(model, tmp_path, feeds)
    for output, found in zip(model.graph.output, run(model, feeds), strict=True):
        exact = made.evaluate(output.name, feeds, coarse=True)
        assert exact.rounds_to(found), output.name
        assert exact.may_be(found), output.name
        if output.name in UNBOUNDED:
            continue
        wrong = found.copy()
        wrong.flat[3] = not found.flat[3]
        if found.dtype.itemsize == 1 and found.dtype.kind in "iu":  # sums of hundreds of products
            ends = np.iinfo(found.dtype)
            wrong.flat[3] = ends.min if found.flat[3] > (ends.min + ends.max) / 2 else ends.max
        if found.dtype.kind == "f":
            step = 0.1 if name in BYTES else 1e-3  # of a byte
            wrong.flat[3] = found.flat[3] + step * (1 + np.abs(found).max())
        assert not exact.rounds_to(wrong), output.name


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh"])
def test_a_function_is_exact_to_its_digits_and_a_coarse_one_to_its_range(
    op: str, tmp_path: Path
) -> None:
    x = np.linspace(-13, -11, 32, dtype=np.float32)
    if op == "Tanh":
        x = np.float32(1e-6) * x
    made = network(make_model([node(op, "x", "y")], {"x": [32]}), tmp_path, {"x": x})
    fine, coarse = (made.evaluate("y", {"x": x}, coarse=flag) for flag in (False, True))
    near = fine.value.astype(np.float32)
    assert fine.rounds_to(near)
    assert not fine.rounds_to(near + np.float32(1e-7))
    assert coarse.rounds_to(near + np.float32(1e-7))
    assert not coarse.rounds_to(near + np.float32(1e-5))


def test_terms_that_cancel_allow_what_they_are_and_not_what_is_left(tmp_path: Path) -> None:
    nodes = [node("Add", "x large", "sum"), node("Sub", "sum large", "y")]
    x = weights(8)
    model = make_model(nodes, {"x": [8]}, {"large": np.full(8, 1e4, np.float32)})
    made = network(model, tmp_path, {"x": x})
    (found,) = run(model, {"x": x})
    exact = made.evaluate("y", {"x": x})
    assert np.abs(found - x).max() > 1e-5
    assert exact.rounds_to(found)
    assert not exact.rounds_to(x + np.float32(0.1))
    last = made.evaluate("y", {"x": x, "sum": x + np.float32(1e4)})
    assert last.rounds_to(found)


@pytest.mark.parametrize("op", ["LeakyRelu", "Elu", "PRelu"])
def test_what_errs_across_a_kink_has_the_slope_beyond_it(op: str, tmp_path: Path) -> None:
    given = np.float32([3.66e-5])  # 0.6 of the last digit of 1000
    constants = {"large": np.float32([1000]), "shift": np.float32([-5e-5])}
    nodes = [
        node("Add", "x large", "more"),
        node("Sub", "more large", "less"),
        node("Add", "less shift", "small"),
    ]
    if op == "PRelu":
        nodes.append(node(op, "small slope", "y"))
        constants["slope"] = np.float32([0.001])
    else:
        nodes.append(node(op, "small", "y", alpha=0.001))
    model = make_model(nodes, {"x": [1]}, constants)
    [found] = run(model, {"x": given})
    exact = network(model, tmp_path, {"x": given}).evaluate("y", {"x": given})
    assert found > 1e-5 > 0 > exact.value
    assert exact.rounds_to(found)


def test_an_operator_without_a_rule_has_a_value_and_proves_nothing(tmp_path: Path) -> None:
    x = weights(8, low=1, high=2)
    model = make_model([node("Atan", "x", "y")], {"x": [8]})
    exact = network(model, tmp_path, {"x": x}).evaluate("y", {"x": x})
    np.testing.assert_allclose(exact.value, np.arctan(x.astype(np.float64)), rtol=1e-15)
    assert not exact.rounds_to(np.arctan(x) * np.float32(1.01))


def test_what_is_known_ends_the_search(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Sigmoid", "a", "b"), node("Add", "a b", "y")]
    x = weights(4)
    made = network(make_model(nodes, {"x": [4]}), tmp_path, {"x": x})
    assert made.sources("y", {"x"}) == {"x"}
    assert made.sources("y", {"x", "b"}) == {"x", "b"}
    assert made.sources("y", {"x", "a", "b"}) == {"a", "b"}
    assert made.order == {"a": 0, "b": 1, "y": 2}


def test_infinities_that_are_meant_are_right_where_they_are() -> None:
    exact = Exact.of(np.array([-np.inf, 1.0], np.float32))
    assert exact.rounds_to(np.array([-np.inf, 1.0], np.float32))
    assert not exact.rounds_to(np.array([0.0, 1.0], np.float32))
    assert not exact.rounds_to(np.array([np.nan, 1.0], np.float32))
