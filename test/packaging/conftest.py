"""What tests of installed products share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def dist(request: pytest.FixtureRequest) -> Path:
    """Return the folder of what was made."""
    folder = request.config.getoption("--released")
    if folder is None:
        pytest.skip("make test-dist runs it")
    return Path(folder).resolve()
