"""Attention is one step where nobody else reads what lies within, and as before where it isn't."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from small_models import Array, make_model, node, run, with_variants

from edge_compiler import targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.targets.c.algorithms.attention.strips import Strips
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import load
from edge_perception.runtime.manifest import Step

INPUTS = {"q": (2, 3, 61, 24), "k": (2, 3, 24, 67), "v": (2, 3, 67, 20)}
FEW = {"q": (2, 3, 7, 24), "k": (2, 3, 24, 67), "v": (2, 3, 67, 20)}
ALONE = {"q": (70, 24), "k": (24, 67), "v": (67, 20)}
LONG = {"q": (1, 4, 200, 16), "k": (1, 4, 16, 200), "v": (1, 4, 200, 16)}
TURNED = {"q": (3, 61, 24), "k": (3, 24, 61), "v": (3, 61, 20)}
CONSTANTS = {
    "half": np.array(0.5, np.float32),
    "row": np.linspace(-1, 1, 67, dtype=np.float32),
    "each": np.array([0.5, 2, 3], np.float32).reshape(3, 1, 1),
}
ALIKE = node("MatMul", "q k", "alike")
SHARES = node("Softmax", "alike", "shares", axis=-1)
MIXED = node("MatMul", "shares v", "y")
PLAIN = [ALIKE, SHARES, MIXED]
SCALED = [ALIKE, node("Mul", "alike half", "scaled"), node("Softmax", "scaled", "shares"), MIXED]
ONE = ["pack", "pack", "attention"]
APART = ["pack", "product", "softmax", "pack", "product"]


def compiled(
    nodes: Sequence[onnx.NodeProto], inputs: dict[str, tuple[int, ...]], outputs: str, folder: Path
) -> tuple[onnx.ModelProto, Path]:
    read = {name for item in nodes for name in item.input}
    constants = {name: array for name, array in CONSTANTS.items() if name in read}
    model = make_model(nodes, inputs, constants, outputs.split())
    onnx.save(model, folder / "model.onnx")
    compile_model(folder / "model.onnx", folder / "model.edge", Options(), lambda *_: None)
    return model, folder / "model.edge"


def numbers(inputs: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    random = np.random.default_rng(3)
    return {name: random.uniform(-1, 1, s).astype(np.float32) for name, s in inputs.items()}


def kinds(steps: Sequence[Step]) -> list[str]:
    return [step.kernel.split()[0] for step in steps]


@pytest.mark.parametrize(
    ("nodes", "inputs", "outputs", "expected"),
    [
        (PLAIN, INPUTS, "y", ONE),
        (SCALED, INPUTS, "y", ONE),
        (
            [
                node("MatMul", "q k", "products"),
                node("Add", "products row", "alike"),
                SHARES,
                MIXED,
            ],
            INPUTS,
            "y",
            ONE,
        ),
        (PLAIN, ALONE, "y", APART),
        (PLAIN, FEW, "y", APART),
        (PLAIN, INPUTS, "y alike", APART),
        (PLAIN, INPUTS, "y shares", APART),
        (
            [*PLAIN, node("Tanh", "shares", "z")],
            INPUTS,
            "y z",
            [*APART[:3], "pack", "product", "Tanh"],
        ),
        (
            [*PLAIN[:2], node("MatMul", "shares v", "mixed"), node("Relu", "mixed", "y")],
            INPUTS,
            "y",
            APART,
        ),
        ([ALIKE, node("Softmax", "alike", "shares", axis=1), MIXED], TURNED, "y", APART),
        (
            [*PLAIN[:2], node("MatMul", "shares shares", "y")],
            {name: TURNED[name] for name in "qk"},
            "y",
            APART,
        ),
    ],
)
def test_what_is_attention(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: str,
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    model, bundle = compiled(nodes, inputs, outputs, tmp_path)
    feeds = numbers(inputs)
    found = []
    for threads in (1, 2, 3):
        with load(bundle, threads=threads) as loaded:
            found.append(loaded.run(feeds))
            steps = loaded.manifest.model.steps
    assert sorted(kinds(steps)) == sorted(expected)
    for name, due in zip(outputs.split(), run(model, feeds), strict=True):
        np.testing.assert_allclose(found[0][name], due, rtol=1e-4, atol=1e-6)
        assert len({results[name].tobytes() for results in found}) == 1


def test_a_step_names_all_its_nodes_and_needs_no_memory_for_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    sizes = {}
    for outputs in ("y", "y shares"):
        folder = tmp_path / outputs
        folder.mkdir()
        _, bundle = compiled(SCALED, LONG, outputs, folder)
        with load(bundle) as loaded:
            sizes[outputs] = loaded.manifest.model.arena_bytes
            step = loaded.manifest.model.steps[-1]
        if outputs == "y":
            assert step.nodes == tuple(item.output[0] for item in SCALED)
            assert step.kernel == "attention 4x200x16x200x16, strips of 23"
    assert sizes["y"] < 4 * 200 * 200 * 4 < sizes["y shares"]


def test_scores_so_large_that_floats_are_no_integers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(targets.TARGETS, "host", with_variants("host", BASELINE))
    inputs: dict[str, tuple[int, ...]]
    inputs = {"q": (1, 4, 40, 1), "k": (1, 4, 1, 40), "v": (1, 4, 40, 20)}
    model, bundle = compiled(PLAIN, inputs, "y", tmp_path)
    feeds = numbers(inputs)
    feeds["q"] = np.float32(2) ** np.linspace(-3, 40, 160, dtype=np.float32).reshape(1, 4, 40, 1)
    feeds["q"][:, 1::2] *= -1
    feeds["k"] = np.tile(np.arange(40, dtype=np.float32), (1, 4, 1, 1))
    with load(bundle) as loaded:
        assert kinds(loaded.manifest.model.steps) == ONE
        found = loaded.run(feeds)["y"]
    np.testing.assert_allclose(found, run(model, feeds)[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 11, 12, 13, 24, 25, 57, 577])
@pytest.mark.parametrize("columns", [1, 16, 300, 577, 5000])
def test_strips_are_all_rows(rows: int, columns: int) -> None:
    strips = Strips.of(rows, columns)
    assert strips.count * strips.rows + strips.longer == rows
    assert strips.longer < strips.count
    assert strips.line >= columns
    assert strips.line // 16 % 2 == 1
    assert strips.most <= 24
