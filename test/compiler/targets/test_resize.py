"""Resize where only one side changes its size; `operator_images.py` has the other kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from operator_builder import Builder
from operator_models import Built
import pytest


@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_columns_stay_where_rows_are_resized(mode: str, tmp_path: Path) -> None:
    b = Builder(x=(1, 20, 2, 11))
    b.add("y", "Resize", f"x - - {b.constant([1, 20, 3, 11])}", mode=mode)
    feeds = {"x": b.numbers(1, 20, 2, 11)}
    with Built(b.model(), tmp_path) as built:
        expected = built.reference(feeds)["y"]
        for variant in built.variants:
            found = built.run(variant, feeds)["y"]
            np.testing.assert_allclose(found, expected, atol=1e-6)
