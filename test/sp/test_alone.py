"""The whole robot in an environment with little more than numpy: no ROS, OpenCV, SciPy, Pillow."""

from __future__ import annotations

from importlib.util import find_spec
import os
from pathlib import Path
import subprocess
import venv

import pytest

from edge_perception.transport.sp import registry

ROOT = Path(__file__).parents[2]
PACKAGES = ("numpy", "numpy.libs", "yaml", "_yaml")
OF_PYNNG = ("pynng", "pynng.libs", "_cffi_backend*", "cffi", "sniffio")
PATIENCE = 180.0


def environment(sockets: str, tmp_path: Path) -> Path:
    """Return the Python of a new environment, with numpy, PyYAML, and pynng or nothing more."""
    if sockets == "nng" and find_spec("pynng") is None:
        pytest.skip("pynng is not installed")
    folder = tmp_path / "alone"
    venv.create(folder, with_pip=False)
    packages = next((folder / "lib").glob("python*/site-packages"))
    wanted = PACKAGES + (OF_PYNNG if sockets == "nng" else ())
    own = Path(find_spec("numpy").origin).parents[1]  # type: ignore[union-attr, arg-type]
    for pattern in wanted:
        for found in own.glob(pattern):
            (packages / found.name).symlink_to(found)
    (packages / "checkout.pth").write_text(f"{ROOT}\n")
    return folder / "bin" / "python"


@pytest.mark.parametrize(("sockets", "more"), [("nng", []), ("plain", ["--processes=each"])])
def test_the_whole_robot_runs(
    sockets: str, more: list[str], tiny_bundle: Path, tmp_path: Path
) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "EDGE_ROBOT_SP": sockets,
        registry.VARIABLE: str(tmp_path / "run"),
    }
    given = {
        "model": str(tiny_bundle),
        "camera": "pattern:640x480",
        "imu": "simulated",
        "wheels": "simulated",
        "transport": "nanomsg",
    }
    command = [
        str(environment(sockets, tmp_path)),
        "-m",
        "edge_perception.cli",
        "up",
        "--once",
        *more,
    ]
    done = subprocess.run(
        [*command, *(f"--{name}={value}" for name, value in given.items())],
        env=variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "no image yet" not in done.stdout.splitlines()[-1]
