from __future__ import annotations

import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys

from PIL import Image
import pytest

from edge_perception.demo import prepare

COMMAND = (sys.executable, "-m", "edge_perception.demo", "pictures")


@pytest.fixture
def place(tmp_path: Path, squeezenet_bundle: Path) -> Path:
    """Return a folder in which the demo was run before."""
    shutil.copytree(squeezenet_bundle, tmp_path / "output/demo/squeezenet1.1.edge")
    return tmp_path


@pytest.mark.ros
@pytest.mark.slow
def test_the_robot_sees_the_photographs_and_the_demo_ends(place: Path) -> None:
    done = subprocess.run(COMMAND, cwd=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "up to date" in done.stdout
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert set(prepare.PICTURES) <= set(lines)
    assert "slow" in lines["chelsea.png"]
    assert "espresso" in lines["coffee.png"]
    assert "Traceback" not in done.stderr
    with Image.open(place / "output/demo/contact_sheet.png") as sheet:
        assert sheet.width > 1000


@pytest.mark.ros
@pytest.mark.slow
def test_ctrl_c_ends_the_demo_at_once_and_cleanly(place: Path) -> None:
    with subprocess.Popen(
        COMMAND, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("picture"):
                break
        demo.send_signal(signal.SIGINT)
        _, complaint = demo.communicate(timeout=180)
    assert demo.returncode == 130, complaint
    assert complaint.strip().endswith("demo: interrupted")
    assert "Traceback" not in complaint


def test_the_pictures_are_those_of_scikit_image(tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    (tmp_path / "old.png").touch()
    prepare.copy_pictures(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(prepare.PICTURES)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "find_spec", lambda name: None)
    with pytest.raises(prepare.DemoError, match="scikit-image is missing; run make setup"):
        prepare.copy_pictures(tmp_path)


def test_a_failing_compiler_ends_the_demo(tmp_path: Path) -> None:
    with pytest.raises(prepare.DemoError, match=r"edgec compile .* ended with exit code"):
        prepare.compile_model(tmp_path / "missing.onnx", tmp_path / "x.edge")
    assert not (tmp_path / "x.edge").exists()


def test_a_bundle_is_used_again_only_if_it_is_whole_and_newest(
    tmp_path: Path, tiny_bundle: Path, tiny_onnx: Path
) -> None:
    bundle = tmp_path / "tiny.edge"
    assert not prepare.is_current(bundle, tiny_onnx)
    shutil.copytree(tiny_bundle, bundle)
    assert prepare.is_current(bundle, tiny_onnx)
    other = tmp_path / "other.onnx"
    other.write_bytes(tiny_onnx.read_bytes() + b"\0")
    assert not prepare.is_current(bundle, other)
    manifest = bundle / "manifest.json"
    os.utime(manifest, (0, 0))
    assert not prepare.is_current(bundle, tiny_onnx), "the compiler has changed since"
    os.utime(manifest)
    next(bundle.glob("*.so")).write_bytes(b"damaged")
    assert not prepare.is_current(bundle, tiny_onnx)
