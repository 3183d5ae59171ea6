"""Float16: how it is rounded to, and the powers of two that layers multiply their input by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler.description.metadata import FLOAT16_LAYERS
from edge_compiler.description.metadata import float16_layers as stated_layers
from edge_compiler.errors import CompileError
from edge_compiler.float64.float16 import rounded
from edge_compiler.ir.winograd import TRANSFORMS
from edge_compiler.precision.float16 import float16_layers


def test_numbers_are_multiplied_by_what_float16_has_place_for(tmp_path: Path) -> None:
    """The inputs of each layer are around one, and those of the second as large as its factor."""
    factors = {"usual": 1.0, "large": 1e6, "small": 1e-6}
    nodes, constants = [], {}
    for name, factor in factors.items():
        constants[f"{name}_factor"] = np.float32(factor)
        constants[f"{name}_w"] = weights(8, 40, 3, 3)
        nodes.append(node("Mul", f"x {name}_factor", f"{name}_x"))
        nodes.append(node("Conv", f"{name}_x {name}_w", name, strides=[2, 2]))
    constants["void_w"] = np.zeros((8, 40, 1, 1), np.float32)
    nodes.append(node("Conv", "x void_w", "void"))
    model = make_model(nodes, {"x": [1, 40, 6, 6]}, constants, [*factors, "void"])
    graph = load_model(model, tmp_path)
    exponents = float16_layers(graph, None, None).exponents
    names = {each.output.name: each.name for each in graph.nodes}
    assert names["void"] not in exponents
    assert exponents[names["usual"]] == 0
    for name in ("large", "small"):
        w = np.abs(constants[f"{name}_w"])
        most = 2.0 ** exponents[names[name]] * factors[name] * 10  # samples are within ten
        assert 2**-8 < most < 2**14
        assert most * w[:, :16].sum(1).max() < 2**14


def test_points_of_winograd_have_place_too(tmp_path: Path) -> None:
    """They are up to 32 times as large as the input, if its signs are those of the matrix."""
    w = weights(8, 48, 3, 3)
    nodes = [node("Conv", "x w", "plain"), node("Conv", "x w", "strided", strides=[2, 2])]
    graph = load_model(
        make_model(nodes, {"x": [1, 48, 8, 8]}, {"w": w}, ["plain", "strided"]), tmp_path
    )
    exponents = float16_layers(graph, None, None).exponents
    found = {each.output.name: exponents[each.name] for each in graph.nodes}
    assert found["strided"] == 0
    into, kernel, _ = TRANSFORMS[4]
    signs = np.sign(into)
    points = np.einsum("ay,ay,bx,bx->ab", into, signs, into, signs)
    sums = np.abs(np.einsum("ay,bx,kcyx->kcab", kernel, kernel, w)).reshape(8, 3, 16, 6, 6).sum(2)
    most = 2.0 ** found["plain"] * 10  # samples are within ten
    assert most > 2**-8
    assert most * (points * sums).max() < 2**14


def test_float16_is_rounded_to_as_numpy_does() -> None:
    random = np.random.default_rng(3)
    spread = random.normal(size=1 << 14) * 10.0 ** random.uniform(-9, 4, 1 << 14)
    halfway = np.arange(1 << 13) * 2.0**-26  # between denormal numbers, too
    for numbers in (spread, halfway, np.array([65519.9, 65520.0, -65520.0, 1e9])):
        with np.errstate(over="ignore"):
            expected = numbers.astype(np.float16).astype(np.float64)
        assert np.array_equal(rounded(numbers), expected)


@pytest.mark.parametrize("text", ["[]", '{"exponents": {"a": 1.5}}', '{"exponents": {"a": 300}}'])
def test_damaged_exponents_are_refused(text: str) -> None:
    with pytest.raises(CompileError, match=r"edge\.float16: .*; round the model again"):
        stated_layers({FLOAT16_LAYERS: text})
