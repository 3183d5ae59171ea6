"""The set-up says what a machine lacks, and does a step only when it must."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import platform
import shutil
import sys
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "setup_venv.py"


@pytest.fixture
def script(tmp_path: Path) -> ModuleType:
    """Return the script as a module that works in a folder of its own."""
    spec = spec_from_file_location("setup_venv", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path
    module.VENV = tmp_path / ".venv"
    module.VENV.mkdir()
    module.LOGS = tmp_path / "build"
    return module


def test_this_machine_has_all_that_is_needed(script: ModuleType) -> None:
    script.check_machine()


def test_missing_packages_are_named_in_one_command(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt-get install -y gcc g\+\+$"):
        script.check_machine()


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 14, 0)])
def test_unsuitable_python_is_refused(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=r"Python 3\.10 to 3\.13 is needed.*PYTHON="):
        script.check_machine()


def test_other_processors_are_told_what_to_do(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(SystemExit, match=r"aarch64.*colcon build"):
        script.check_machine()


def test_step_is_done_again_only_after_a_change(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, trace = tmp_path / "input", tmp_path / "trace"
    command = [sys.executable, "-c", f"open({str(trace)!r}, 'a').write('x')"]
    for content in ("one", "one", "two"):
        source.write_text(content)
        script.step("sample", [source], command)
    assert trace.read_text() == "xx"
    assert capsys.readouterr().out.count("setup: sample ...") == 2


def test_failed_step_shows_the_reason_and_is_tried_again(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the disk is full')"]
    for _ in range(2):
        with pytest.raises(SystemExit, match="setup: sample failed"):
            script.step("sample", [], command)
        assert "the disk is full" in capsys.readouterr().err
