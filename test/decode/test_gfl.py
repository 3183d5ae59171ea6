"""Edges as distributions: NanoDet's table, YOLOv8's maps."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, grid_cells, logit, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

FORMS: Forms = {  # 84: cells of 64 x 64 pixels at strides of 8, 16, 32
    "gfl": ({"a": (1, 84, 34)}, {}),
}

CELLS = grid_cells((8, 16, 32))


def bins(distance: float, count: int) -> np.ndarray:
    """Return the logarithms of likelihoods of neighbouring bins whose mean is the distance."""
    likelihoods = np.full(count, 1e-30)
    low = min(int(distance), count - 2)
    likelihoods[low : low + 2] += [low + 1 - distance, distance - low]
    return np.log(likelihoods)


def edges(box: tuple[float, ...], point: np.ndarray, stride: int, count: int) -> np.ndarray:
    left, top, width, height = box
    x, y = point
    distances = np.array([x - left, y - top, left + width - x, top + height - y]) / stride
    assert (distances >= 0).all()
    assert (distances <= count - 1).all()
    return np.concatenate([bins(distance, count) for distance in distances])


def cell_within(box: tuple[float, ...], offset: float) -> tuple[int, np.ndarray]:
    """Return a cell of the finest grid whose point is in the box, and the point."""
    place = np.floor(centre(box) / 8 - offset + 0.5)
    if not (np.abs((place + offset) * 8 - centre(box)) <= np.array(box[2:]) / 2).all():
        place = np.floor(centre(box) / 8)
    column, row = np.clip(place, 0, 7).astype(int)
    return int(row * 8 + column), (np.array([column, row]) + offset) * 8


@settings(max_examples=40, deadline=None)
@given(BOXES.filter(lambda box: min(box[2:]) > 8.1))
def test_nanodet(box: tuple[float, ...]) -> None:
    cell, point = cell_within(box, 0)
    table = np.zeros((1, len(CELLS), 2 + 32), np.float32)
    table[0, cell] = [0.2, 0.9, *edges(box, point, 8, 8)]
    check_box(decoded({"out": table}, "gfl", labels=("a", "b")), box, 0.9, 1)
    apart = {"scores": table[:, :, :2], "edges": table[:, :, 2:]}
    parameters = {"outputs": ["scores"], "edges": ["edges"]}
    check_box(decoded(apart, "gfl", parameters), box, 0.9, 1)


@settings(max_examples=40, deadline=None)
@given(BOXES.filter(lambda box: min(box[2:]) > 8.1), st.booleans())
def test_heads_of_yolo(box: tuple[float, ...], last: bool) -> None:
    cell, point = cell_within(box, 0.5)
    maps = [np.full((64 + 3, n, n), -9, np.float32) for n in (8, 4, 2)]
    maps[0].reshape(67, -1)[:, cell] = [*edges(box, point, 8, 16), *logit([0.1, 0.2, 0.9])]
    outputs = {
        f"o{i}": (one.transpose(1, 2, 0) if last else one)[None] for i, one in enumerate(maps)
    }
    parameters = {"bins": 16, "first": "edges", "sigmoid": True, "centre": 0.5}
    check_box(decoded(outputs, "gfl", parameters), box, 0.9, 2)


def test_recognised_where_the_labels_are_known() -> None:
    table = {"out": np.zeros((1, len(CELLS), 34), np.float32)}
    seen = recognised(table, labels=("a", "b"))
    assert (seen.kind, seen.parameters) == ("gfl", {"outputs": ["out"], "strides": [8, 16, 32]})
    assert recognised(table, labels=("a", "b", "c")).kind == "tensors"


def test_heads_of_yolo_are_recognised() -> None:
    heads = {f"o{n}": np.zeros((1, 144, n, n), np.float32) for n in (2, 4, 8)}
    seen = recognised(heads)
    assert seen.kind == "gfl"
    assert (seen.parameters["outputs"], seen.parameters["bins"]) == (["o8", "o4", "o2"], 16)
    assert recognised(heads, labels=("a",) * 80).kind == "gfl"
    assert recognised(heads, labels=("a", "b")).kind == "tensors"
