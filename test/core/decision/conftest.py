"""Fixtures of the decision node's tests."""

from __future__ import annotations

from pathlib import Path

from deciding import Robot, RULES
import pytest


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def robot(rules: Path) -> Robot:
    return Robot(rules)
