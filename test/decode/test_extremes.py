"""Whatever a network computes, every decoder answers with places in the image, or a sentence."""

from __future__ import annotations

import importlib
from pathlib import Path

from decode_cases import Forms, model, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, KINDS, Options

FORMS: Forms = {
    kind: form
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.stem != Path(__file__).stem
    for kind, form in getattr(importlib.import_module(path.stem), "FORMS", {}).items()
}
"""Of every kind, from its own test."""
EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 100.0, -100.0, 3.4e38, -3.4e38]


def decoded(kind: str, values: dict[str, np.ndarray], size: tuple[int, int]) -> None:
    """Decode, and check that what is said fits together and lies in the image."""
    made = model(values, kind, FORMS[kind][1], resize="letterbox")
    found = decode.make(made, Options())(values, size)
    count = len(found)
    assert found.classes.shape == found.scores.shape == (count,)
    assert found.classes.dtype == np.int32
    assert found.scores.dtype == np.float32
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all() or kind == "classification"
    for places in (found.boxes, found.landmarks):
        if places is not None:
            assert len(places) == count
            assert places.dtype == np.float32
            assert np.isfinite(places).all()
    if found.boxes is not None:
        assert (found.boxes >= 0).all()
        assert (found.boxes.reshape(-1, 2) <= size).all()
        assert (found.boxes[:, :2] <= found.boxes[:, 2:]).all()
    if found.landmark_scores is not None:
        assert found.landmarks is not None
        assert found.landmark_scores.shape == found.landmarks.shape[:2]
    if found.masks is not None:
        assert [mask.dtype for mask in found.masks] == [np.bool_] * count
        assert all(mask.size for mask in found.masks)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from([(64, 64), (1, 5000), (640, 3)]))
@pytest.mark.filterwarnings("error")
def test_extreme_numbers(kind: str, seed: int, size: tuple[int, int]) -> None:
    generator = np.random.default_rng(seed)
    usual = generator.random() < 0.5
    values = {
        name: np.where(
            generator.random(shape) < (0.9 if usual else 0.1),
            generator.uniform(-1, 1, shape),
            generator.choice(EXTREMES, shape),
        ).astype(np.float32)
        for name, shape in FORMS[kind][0].items()
    }
    decoded(kind, values, size)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_zeros(kind: str) -> None:
    decoded(kind, {n: np.zeros(s, np.float32) for n, s in FORMS[kind][0].items()}, (640, 480))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(kind: str, bad: float) -> None:
    values = {name: np.ones(shape, np.float32) for name, shape in FORMS[kind][0].items()}
    next(iter(values.values())).flat[-1] = bad
    with pytest.raises(DecodeError, match="has values that are no number"):
        decoded(kind, values, (64, 64))


def test_each_kind_has_a_test_with_a_form() -> None:
    assert sorted(FORMS) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_has_every_kind(kind: str) -> None:
    guide = Path(__file__).parents[2] / "docs" / "decoders.md"
    assert f"\n| `{kind}` |" in guide.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_parameters_are_refused(kind: str) -> None:
    values = {name: np.ones(shape, np.float32) for name, shape in FORMS[kind][0].items()}
    made = model(values, kind, FORMS[kind][1] | {"tresholds": 1})
    with pytest.raises(DecodeError, match=r"has no parameter 'tresholds'"):
        decode.make(made, Options())


@pytest.mark.parametrize("side", [1, 3, 7])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_an_image_smaller_than_any_grid_breaks_nothing(side: int, outputs: int) -> None:
    maps = {f"o{index}": np.zeros((1, 3, side, side)) for index in range(outputs)}
    assert recognised(maps, size=(side, side)).kind in KINDS
