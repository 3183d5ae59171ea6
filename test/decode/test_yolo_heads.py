"""YOLO's maps before its boxes are decoded."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, logit, recognised
from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

FORMS: Forms = {
    "yolo_heads": ({"a": (1, 3, 8, 8, 7), "b": (1, 3, 4, 4, 7), "c": (1, 3, 2, 2, 7)}, {}),
}

ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]
GRIDS = (8, 4, 2)


def maps(width: int) -> list[np.ndarray]:
    """Return maps [3, rows, columns, values] of nothing."""
    return [np.full((3, cells, cells, width), -9, np.float32) for cells in GRIDS]


def layouts(found: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the same maps as the exporters write them."""
    channels = [one.transpose(0, 3, 1, 2).reshape(1, -1, *one.shape[1:3]) for one in found]
    last = [one.transpose(1, 2, 0, 3).reshape(1, *one.shape[1:3], -1) for one in found]
    return [
        {f"o{i}": one for i, one in enumerate(kind)}
        for kind in ([one[None] for one in found], channels, last)
    ]


@settings(max_examples=30, deadline=None)
@given(BOXES, st.integers(0, 2))
def test_boxes_of_version_5(box: tuple[float, ...], anchor: int) -> None:
    found = maps(7)
    column, row = (centre(box) // 8).astype(int)
    sides = np.reshape(ANCHORS[0], (3, 2))[anchor]
    share = np.sqrt(np.array(box[2:]) / sides) / 2
    assume((share < 0.99).all())
    moved = (centre(box) / 8 - [column, row] + 0.5) / 2
    found[0][anchor, row, column] = logit([*moved, *share, 0.8, 0.1, 0.9])
    for outputs in layouts(found):
        check_box(decoded(outputs, "yolo_heads"), box, 0.72, 1)


@settings(max_examples=30, deadline=None)
@given(BOXES)
def test_boxes_of_version_3(box: tuple[float, ...]) -> None:
    found = maps(6)
    cell = centre(box) / 16
    column, row = cell.astype(int)
    moved = np.clip(cell - [column, row], 1e-6, 1 - 1e-6)
    sides = np.array(ANCHORS[1][2:4])
    found[1][1, row, column] = [*logit(moved), *np.log(box[2:] / sides), *logit([0.8, 0.9])]
    outputs = layouts(found)[1]
    check_box(decoded(outputs, "yolo_heads", {"version": 3, "anchors": ANCHORS}), box, 0.72)


@pytest.mark.parametrize("layout", [0, 1])
def test_recognised_by_three_grids(layout: int) -> None:
    seen = recognised(layouts(maps(7))[layout], labels=("a", "b"))
    assert (seen.kind, seen.parameters) == ("yolo_heads", {"outputs": ["o0", "o1", "o2"]})
    assert recognised(layouts(maps(8))[layout], labels=("a", "b")).kind == "tensors"
    # 43 classes, or 80 and a distribution for each edge: only COCO's are taken without labels
    assert recognised(layouts(maps(48))[layout]).kind != "yolo_heads"
    assert recognised(layouts(maps(85))[layout]).kind == "yolo_heads"
