"""YOLOX's table, whose boxes are relative to cells."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, grid_cells, model, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {  # 84: cells of 64 x 64 pixels at strides of 8, 16, 32
    "yolox": ({"a": (1, 84, 7)}, {}),
}

CELLS = grid_cells((8, 16, 32))


@settings(max_examples=40, deadline=None)
@given(BOXES, st.integers(0, len(CELLS) - 1), st.booleans())
def test_boxes(box: tuple[float, ...], cell: int, transposed: bool) -> None:
    table = np.zeros((1, len(CELLS), 7), np.float32)
    stride, column, row = CELLS[cell]
    offset = centre(box) / stride - [column, row]
    table[0, cell] = [*offset, *np.log(np.array(box[2:]) / stride), 0.8, 0.1, 0.9]
    outputs = {"out": table.transpose(0, 2, 1) if transposed else table}
    check_box(decoded(outputs, "yolox", labels=("a", "b")), box, 0.72, 1)


def test_sizes_that_overflow_are_cut() -> None:
    table = np.zeros((1, len(CELLS), 6), np.float32)
    table[0, 0] = [0, 0, 1e30, 1e30, 1, 1]
    found = decoded({"out": table}, "yolox")
    assert found.boxes is not None
    assert found.boxes.tolist() == [[0, 0, 64, 64]]


def test_a_table_of_another_input_is_refused() -> None:
    made = model({"out": np.zeros((1, 83, 7), np.float32)}, "yolox")
    with pytest.raises(DecodeError, match=r"out \[1, 83, 7\], expected 84 candidates"):
        decode.make(made, Options())


def test_recognised_by_the_number_of_rows() -> None:
    table = {"out": np.zeros((1, 3549, 85), np.float32)}
    seen = recognised(table, size=(416, 416))
    assert (seen.kind, seen.parameters) == ("yolox", {"outputs": ["out"]})
    assert recognised(table, size=(416, 384)).kind == "tensors"
