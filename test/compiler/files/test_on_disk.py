"""Arrays that are kept in a file are what they were, and whoever asks has a copy."""

from __future__ import annotations

import numpy as np

from edge_compiler.files.on_disk import ArraysOnDisk


def test_arrays_come_back_as_they_were() -> None:
    arrays = {
        "strided": np.arange(12, dtype=np.float32).reshape(3, 4).T,
        "scalar": np.array(7, np.int64),
        "empty": np.zeros((0, 3), np.uint8),
        "bools": np.array([True, False]),
    }
    kept = ArraysOnDisk()
    kept.update(arrays)
    assert list(kept) == list(arrays)
    for name, array in arrays.items():
        assert kept[name].dtype == array.dtype
        np.testing.assert_array_equal(kept[name], array, strict=True)


def test_another_array_takes_the_place_of_one() -> None:
    kept = ArraysOnDisk()
    kept["x"] = np.zeros(3, np.float32)
    kept["y"] = np.ones(2, np.float32)
    kept["x"][:] = 5  # a copy
    assert kept["x"].tolist() == [0, 0, 0]
    kept["x"] = np.arange(4)
    assert kept["x"].tolist() == [0, 1, 2, 3]
    assert kept["y"].tolist() == [1, 1]
    del kept["x"]
    assert "x" not in kept
    assert len(kept) == 1
