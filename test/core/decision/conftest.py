"""Fixtures of the decision node's tests."""

from __future__ import annotations

import pytest
from rule_files import FEW, Robot


@pytest.fixture
def robot() -> Robot:
    return Robot(FEW)
