#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Set the checkout up to run from a virtual environment, .venv.

Needs a compiler and Python's standard library. A step is done only if what it depends on has
changed since it last succeeded, so this costs nothing when there is nothing to do.
"""

from collections.abc import Iterable
import fcntl
import hashlib
import importlib.util
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import sysconfig

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOGS = ROOT / "build"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
VERSIONS = ((3, 10), (3, 13))


def check_machine() -> None:
    """
    Check that the machine has what pip cannot install.

    :raises SystemExit: if something is missing, saying how to get it
    """
    oldest, newest = (".".join(map(str, version)) for version in VERSIONS)
    if not VERSIONS[0] <= sys.version_info[:2] <= VERSIONS[1]:
        sys.exit(
            f"setup: Python {oldest} to {newest} is needed, {sys.executable} is"
            f" {platform.python_version()}; name another one: make setup PYTHON=python{oldest}"
        )
    if platform.machine() != "x86_64":
        sys.exit(
            "setup: PyPI has ROS 2 for x86-64 only, this machine is"
            f" {platform.machine()}; build in a ROS 2 workspace instead: colcon build"
        )
    needs = {
        "gcc": shutil.which(os.environ.get("CC") or "gcc"),
        "g++": shutil.which(os.environ.get("CXX") or "g++"),
        "python3-dev": (Path(sysconfig.get_path("include")) / "Python.h").is_file(),
        "python3-venv": importlib.util.find_spec("ensurepip"),
    }
    missing = [package for package, found in needs.items() if not found]
    if missing:
        sys.exit(f"setup: please install first: sudo apt-get install -y {' '.join(missing)}")


def step(name: str, inputs: Iterable[Path], *commands: list[str | Path]) -> None:
    """
    Do a step of the set-up if its inputs have changed since it was last done.

    :param name: what the step is about
    :param inputs: the files that it depends on
    :param commands: what does it
    :raises SystemExit: if a command fails
    """
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for path in sorted(inputs):
        digest.update(path.name.encode() + path.read_bytes())
    stamp = VENV / "setup" / name
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    print(f"setup: {name} ...", flush=True)
    # as if the environment were activated, so that its tools are found and not those of another
    environment = {**os.environ, "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    LOGS.mkdir(exist_ok=True)
    log = LOGS / f"setup-{name}.log"
    with log.open("w", encoding="utf-8") as output:
        for command in commands:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
            if done.returncode != 0:
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                print("\n".join(lines[-30:]), file=sys.stderr)
                sys.exit(f"setup: {name} failed, see {log}")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest.hexdigest(), encoding="utf-8")


def main() -> None:
    """Set up whatever is not set up yet."""
    check_machine()
    lock = os.open(ROOT, os.O_RDONLY)  # one set-up at a time; the end of the process releases it
    fcntl.flock(lock, fcntl.LOCK_EX)
    common = [Path(__file__), CONSTRAINTS, ROOT / "setup.py"]
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "-c", CONSTRAINTS]
    # --clear: after a new Python or a move of the checkout, nothing in the old one would fit
    step("environment", [], [sys.executable, "-m", "venv", "--clear", VENV])
    step(
        "packages",
        [*common, ROOT / "pyproject.toml"],
        [*pip, "pip", "setuptools"],
        [*pip, "--no-build-isolation", "--editable", ".[dev]"],
    )
    step(
        "messages",
        [
            *common,
            ROOT / "CMakeLists.txt",
            ROOT / "package.xml",
            *ROOT.glob("msg/*.msg"),
            *ROOT.glob("srv/*.srv"),
        ],
        [PYTHON, "setup.py", "-q", "install_messages"],
    )


if __name__ == "__main__":
    main()
