"""What tests of the compiler take as fixtures."""

from pathlib import Path

from PIL import Image
import pytest

from edge_compiler import trying


@pytest.fixture(autouse=True)
def measured_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not spend a second on the speed of each library that is compiled within this process."""
    monkeypatch.setattr(trying, "MEASURE_SECONDS", 0.0)
    monkeypatch.setattr(trying, "PROFILE_SECONDS", 0.0)


@pytest.fixture
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a picture, in a folder of its own."""
    path = tmp_path_factory.mktemp("photos") / "red.png"
    Image.new("RGB", (40, 30), "red").save(path)
    return path
