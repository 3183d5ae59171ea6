"""Each format's network of digits on Arm, against its framework."""

from __future__ import annotations

from pathlib import Path

from cross import tools_or_skip
from digit_models import check_digits, MODELS
import pytest


@pytest.mark.parametrize("name", MODELS)
def test_a_network_of_each_format_reads_digits(name: str, tmp_path: Path) -> None:
    tools_or_skip("aarch64")
    check_digits(MODELS[name], "aarch64", tmp_path)
