"""The benchmark of regions: it measures every encoding, and its regions are what it says."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bench import regions


def test_a_row_for_every_encoding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["regions", "--seconds", "0"])
    regions.main()
    lines = capsys.readouterr().out.splitlines()
    rows = [
        line.split() for line in lines if line.split()[:1] and line.split()[0] in regions.NAMES
    ]
    assert [row[0] for row in rows] == list(regions.NAMES)
    for row in rows:
        assert len(row) == 2 + len(regions.REGIONS)
        assert all(float(value) > 0 for value in row[1:])


@pytest.mark.parametrize(("name", "size"), regions.REGIONS.items())
def test_regions_lie_in_the_middle_of_the_frame(name: str, size: int) -> None:
    corners = np.array([[0, 0, 1], [regions.SIDE, 0, 1], [regions.SIDE, regions.SIDE, 1]])
    first, second, third = corners @ regions.region(name, size).T
    assert np.linalg.norm(second - first) == pytest.approx(size, rel=1e-4)
    middle = (first + third) / 2
    assert middle == pytest.approx([regions.WIDTH / 2, regions.HEIGHT / 2], abs=1e-2)
