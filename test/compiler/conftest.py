"""What tests of the compiler take as fixtures."""

from pathlib import Path

from PIL import Image
import pytest


@pytest.fixture
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture, in a folder of its own."""
    path = tmp_path_factory.mktemp("photos") / "red.png"
    Image.new("RGB", (40, 30), "red").save(path)
    return path
