"""Weights: read from where they are, and refused where they are no good."""

from __future__ import annotations

from pathlib import Path

from frontend_cases import conv_model, external, IMAGE, refused
import numpy as np
import pytest
from small_models import assert_same, load_model, make_model, node, weights


def test_external_data(tmp_path: Path) -> None:
    model = external(tmp_path)
    assert_same(load_model(model, tmp_path), tmp_path / "model.onnx")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(4, 4, 3, 3), (64, 4, 3, 3)])
def test_weights_that_are_no_numbers(tmp_path: Path, bad: float, shape: tuple[int, ...]) -> None:
    array = weights(*shape)
    array.flat[5] = bad
    model = make_model([node("Conv", "x w", "y")], IMAGE, {"w": array})
    refused(model, tmp_path, "constant 'w' .* holds 1 NaN")


def test_computed_constants_that_are_no_numbers(tmp_path: Path) -> None:
    model = make_model(
        [node("Log", "c", "l"), node("Mul", "x l", "y")], IMAGE, {"c": np.float32(-1)}
    )
    with np.errstate(invalid="ignore"):
        refused(model, tmp_path, "constant 'l'")


def test_constants_that_are_no_numbers_may_be_moved(tmp_path: Path) -> None:
    """They are refused where something is computed of them."""
    none = {"none": np.full([1, 1, 1, 6], np.nan, np.float32)}
    nodes = [
        node("Greater", "x zero", "known"),
        node("Where", "known x none", "partly"),
        node("IsNaN", "partly", "lacks"),
        node("Where", "lacks zero partly", "y"),
    ]
    constants = none | {"zero": np.zeros(1, np.float32)}
    model = make_model(nodes, {"x": [1, 1, 2, 6]}, constants)
    assert_same(load_model(model, tmp_path), model)
    model = make_model([node("Add", "x none", "y")], {"x": [1, 1, 2, 6]}, none)
    refused(model, tmp_path, "constant 'none' .* holds 6 NaN")


def test_a_negative_variance(tmp_path: Path) -> None:
    """Folding a batch normalisation must not make weights that are no numbers."""
    model = make_model(
        [node("BatchNormalization", "x s s s v", "y")],
        IMAGE,
        {"s": weights(4), "v": np.array([1, 1, -1, 1], np.float32)},
    )
    refused(model, tmp_path, r"scale .* of node 'y' \(BatchNormalization\) is NaN")


def test_constants_larger_than_memory(tmp_path: Path) -> None:
    model = make_model(
        [
            node("ConstantOfShape", "s", "huge"),
            node("ReduceMax", "huge", "m"),
            node("Add", "x m", "y"),
        ],
        IMAGE,
        {"s": np.array([2**20, 2**20])},
    )
    refused(model, tmp_path, "'huge' .* would have 1099511627776 elements")


def test_an_initializer_of_another_size(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.initializer[0].dims[0] = 2**40
    refused(model, tmp_path, "initializer 'w' .* is damaged")


def test_an_initializer_defined_twice(tmp_path: Path) -> None:
    model = conv_model()
    model.graph.initializer.append(model.graph.initializer[1])
    refused(model, tmp_path, "'bias' twice")


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"location": "gone"}, "'gone' of the initializer '.*' is missing"),
        ({"location": "../secret"}, "'../secret' .* outside the model's folder"),
        ({"location": "/etc/passwd"}, "outside the model's folder"),
        ({"location": ""}, "outside the model's folder"),
        ({"offset": "1000000"}, "copy the file again"),
        ({"offset": "-8"}, "copy the file again"),
        ({"offset": "x"}, "damaged"),
        ({"length": "8"}, "the model says 8"),
    ],
)
def test_damaged_external_data(tmp_path: Path, changes: dict[str, str], pattern: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(100_000))
    refused(external(folder, **changes), folder, pattern)


def test_external_data_behind_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    model = external(folder)
    (folder / "w").rename(tmp_path / "secret")
    (folder / "w").symlink_to(tmp_path / "secret")
    refused(model, folder, "outside the model's folder")
