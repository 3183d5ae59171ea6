"""Who is right where a library and ONNX Runtime differ: the second opinion in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
import re

import numpy as np
import onnx
from onnx import helper
from operator_models import part_of
import pytest
from small_models import Array, make_model, node, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.proof.difference import TOLERANCE
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import check_variants
from edge_perception.runtime.proof import Proof

OTHER = np.float32(99999)
Change = Callable[[dict[str, Array]], None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))


def prove(model: onnx.ModelProto, folder: Path) -> Proof:
    onnx.save(model, folder / "model.onnx")
    bundle = folder / "model.edge"
    proof = compile_model(folder / "model.onnx", bundle, Options(), lambda *_: None).proof
    check_variants(bundle)  # the robot's self-test passes too
    return proof


def with_reference(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Change what the reference says."""
    honest = Reference.run_into

    def run_into(
        self: Reference, kept: MutableMapping[str, Array], inputs: Mapping[str, Array]
    ) -> None:
        values: dict[str, Array] = {}
        honest(self, values, inputs)
        change(values)
        kept.update(values)

    monkeypatch.setattr(Reference, "run_into", run_into)


def with_library(
    monkeypatch: pytest.MonkeyPatch, step: int, change: Callable[[Array], Array]
) -> None:
    """Change what the library computes at a step, and nothing else."""
    honest = NativeSandbox.observe

    def observe(self: NativeSandbox, *arguments: object) -> list[Array]:
        values = list(honest(self, *arguments))  # type: ignore[arg-type]
        values[step] = change(values[step])
        return values

    monkeypatch.setattr(NativeSandbox, "observe", observe)


def amplifier() -> onnx.ModelProto:
    """Return a model of two steps: a sum, and what is left of it when most of it is taken away."""
    nodes = [node("Add", "x row", "sum"), node("Sub", "sum other", "y")]
    rows = {
        "row": np.full((8, 64), 1e5, np.float32),
        "other": np.full((8, 64), OTHER, np.float32),
    }
    return make_model(nodes, {"x": [8, 64]}, rows)


def test_infinities_that_are_meant_are_compiled(tmp_path: Path) -> None:
    """A mask before Softmax, the padding of a maximum, a bound that is none."""
    infinite = np.float32(np.inf)
    constants = {
        "mask": np.where(np.tri(6, 6, dtype=bool), 0, -infinite).astype(np.float32),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "least": -infinite,
        "zero": np.float32(0),
        "most": infinite,
    }
    nodes = [
        node("Add", "x mask", "masked"),
        node("Softmax", "masked", "weights", axis=-1),
        node("Pad", "x pads least", "padded"),
        node("MaxPool", "padded", "largest", kernel_shape=[2, 2], strides=[2, 2]),
        node("Clip", "x zero most", "bounded"),
    ]
    outputs = ["weights", "largest", "bounded"]
    model = make_model(nodes, {"x": [1, 2, 6, 6]}, constants, outputs)
    assert prove(model, tmp_path).worst_error <= 1e-6


def test_no_number_where_it_comes_to_nothing(tmp_path: Path) -> None:
    """What is unknown is NaN, and becomes a number before anything is computed of it."""
    constants = {
        "unknown": np.full((2, 6), np.nan, np.float32),
        "zero": np.zeros(1, np.float32),
        "half": np.full(1, 0.5, np.float32),
    }
    nodes = [
        node("Greater", "x zero", "is_known"),
        node("Where", "is_known x unknown", "partly"),
        node("Concat", "partly x", "both", axis=0),
        node("IsNaN", "both", "lacks"),
        node("Where", "lacks half both", "y"),
    ]
    model = make_model(nodes, {"x": [2, 6]}, constants)
    assert prove(model, tmp_path).worst_error <= 1e-6
    model.graph.output.append(helper.make_tensor_value_info("partly", 1, [2, 6]))
    with pytest.raises(CompileError, match="model itself gives NaN or infinity at node 'partly'"):
        prove(model, tmp_path)


def test_a_result_that_is_infinite_is_refused(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Add", "a one", "b"), node("Div", "b zero", "y")]
    constants = {"zero": np.zeros(4, np.float32), "one": np.ones(4, np.float32)}
    model = make_model(nodes, {"x": [1, 4]}, constants)
    with pytest.raises(CompileError, match="model itself gives NaN or infinity at node 'y'"):
        prove(model, tmp_path)


@pytest.mark.parametrize("output", ["low", "edge"])
def test_scores_near_zero_are_proven_where_onnx_runtime_is_inexact(
    output: str, tmp_path: Path
) -> None:
    proof = prove(part_of("heads", output), tmp_path)
    assert re.search(r"^ONNX Runtime \S+, in float64 at 1 tensor\(s\)$", proof.reference)


def test_what_is_made_of_inexact_scores_is_proven(tmp_path: Path) -> None:
    model = part_of("heads", "low")
    model.graph.node.append(node("Neg", "low", "y"))
    model.graph.output[0].name = "y"
    assert prove(model, tmp_path).worst_error <= TOLERANCE


def test_an_exact_result_is_right_whatever_the_reference_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(values: dict[str, Array]) -> None:
        values["low"] = np.rint(values["low"] * 2**24) / np.float32(2**24)

    with_reference(monkeypatch, lose)
    assert prove(part_of("heads", "low"), tmp_path).worst_error <= TOLERANCE


def test_errors_that_grow_on_the_way_are_nobodys_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference rounds the sum otherwise: by a unit in its last place, which is much of y."""

    def round_otherwise(values: dict[str, Array]) -> None:
        values["sum"] = np.nextafter(values["sum"], np.float32(0))
        values["y"] = values["sum"] - OTHER

    with_reference(monkeypatch, round_otherwise)
    proof = prove(amplifier(), tmp_path)
    assert proof.reference.endswith(", in float64 at 1 tensor(s)")
    assert proof.worst_error <= TOLERANCE


def test_a_hidden_error_is_found_where_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error below the tolerance comes out further on; the step that made it is named."""

    def off(value: Array) -> Array:
        return value * np.float32(1 + 5e-5)

    honest = NativeSandbox.observe

    def observe(self: NativeSandbox, *arguments: object) -> list[Array]:
        values = list(honest(self, *arguments))  # type: ignore[arg-type]
        return [off(values[0]), off(values[0]) - OTHER]

    monkeypatch.setattr(NativeSandbox, "observe", observe)
    message = r"wrong at node 'sum': off by \S+ where rounding explains \S+, at \[\d, \d+\]: "
    with pytest.raises(CompileError, match=message):
        prove(amplifier(), tmp_path)


def test_an_error_of_a_score_near_zero_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_library(monkeypatch, -1, lambda value: value * np.float32(1 + 3e-4))
    with pytest.raises(
        CompileError, match=r"wrong at node 'low_conv' \(with low\): relative error"
    ):
        prove(part_of("heads", "low"), tmp_path)


def test_a_reference_that_computes_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mean_something_else(values: dict[str, Array]) -> None:
        values["edge"] = values["edge"] + np.float32(0.25)

    with_reference(monkeypatch, mean_something_else)
    message = r"ONNX Runtime \S+ computes something else than ONNX defines at node 'edge_conv' "
    with pytest.raises(CompileError, match=message) as caught:
        prove(part_of("heads", "edge"), tmp_path)
    assert "bug" not in str(caught.value)
