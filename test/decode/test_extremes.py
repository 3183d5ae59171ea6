"""Whatever a network computes, every decoder answers with places in the image, or a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decode_cases import model, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, KINDS, Options

ROWS = 84  # cells of 64 x 64 pixels at strides of 8, 16, 32
FORMS: dict[str, tuple[dict[str, tuple[int, ...]], dict[str, Any]]] = {
    "blazeface": ({"b": (1, 224, 16), "s": (1, 224, 1)}, {}),
    "boxes": ({"t": (1, 20, 10)}, {"table": "t"}),
    "centerface": ({x: (1, n, 8, 8) for x, n in zip("abcd", (1, 2, 2, 10), strict=True)}, {}),
    "centernet": (
        {x: (1, n, 8, 8) for x, n in zip("abcd", (3, 2, 2, 6), strict=True)},
        {"landmarks": "d", "sigmoid": True},
    ),
    "classification": ({"a": (1, 7)}, {"softmax": True}),
    "ctc": ({"a": (1, 9, 3)}, {"softmax": True}),
    "dbnet": ({"a": (1, 1, 8, 8)}, {}),
    "embedding": ({"a": (1, 7)}, {}),
    "gfl": ({"a": (1, ROWS, 34)}, {}),
    "keypoints": ({"a": (1, 5, 8, 8)}, {}),
    "landmarks": ({"a": (1, 5, 3)}, {"values": "yxs"}),
    "segmentation": ({"a": (1, 3, 8, 8)}, {"activation": "softmax"}),
    "simcc": ({"a": (1, 5, 128), "b": (1, 5, 128)}, {}),
    "ssd": (
        {"a": (1, 168, 4), "b": (1, 168, 3), "c": (1, 168, 4)},
        {"priors": [[16, 32], [64, 128], [256, 512]], "landmarks": "c", "activation": "softmax"},
    ),
    "tensors": ({"a": (3,)}, {}),
    "yolo": (
        {"a": (1, ROWS, 4 + 2 + 6 + 5), "m": (1, 5, 8, 8)},
        {"points": 2, "prototypes": "m"},
    ),
    "yolo_heads": ({"a": (1, 3, 8, 8, 7), "b": (1, 3, 4, 4, 7), "c": (1, 3, 2, 2, 7)}, {}),
    "yolox": ({"a": (1, ROWS, 7)}, {}),
    "yunet": (
        {
            f"{kind}_{stride}": (1, (64 // stride) ** 2, width)
            for kind, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
            for stride in (8, 16, 32)
        },
        {},
    ),
}
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
