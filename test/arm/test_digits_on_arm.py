"""Each format's network of digits on Arm, against its framework."""

from __future__ import annotations

from pathlib import Path

from cross import tools_or_skip
from digit_models import check_digits, MODELS
import pytest

QUICK = "TensorFlow Lite"
"""What the others have become by then is a graph of the same operators."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == QUICK else pytest.mark.slow) for n in MODELS]
)
def test_a_network_of_each_format_reads_digits(name: str, tmp_path: Path) -> None:
    tools_or_skip("aarch64")
    check_digits(MODELS[name], "aarch64", tmp_path)
