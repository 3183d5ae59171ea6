"""What is made for one's own robot is without blemish, as it is."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

from packaging.requirements import Requirement
import pytest
import yaml

from edge_perception.commands import main

PROGRAMS = Path(sys.executable).parent
ROS = {
    "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
    "AMENT_PREFIX_PATH": sys.prefix,
    "CMAKE_PREFIX_PATH": sys.prefix,
}


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **ROS}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def python(folder: Path, *arguments: str) -> str:
    return run(folder, sys.executable, "-m", *arguments)


def test_a_plain_folder_is_tested_and_clean(tmp_path: Path) -> None:
    robot = tmp_path / "robby"
    assert main(["new", str(robot), "--no-ros"]) == 0
    assert "1 passed" in python(robot, "pytest", "-p", "no:cacheprovider", "test")
    python(robot, "ruff", "check", "--isolated", "--no-cache", ".")
    assert main(["check", f"--graph={robot / 'config' / 'robot.yaml'}"]) == 0
    assert not list(robot.glob("*.xml"))
    assert (robot / ".github" / "workflows" / "test.yml").is_file()
    for file in robot.rglob("*"):
        if file.is_file() and file.suffix in (".md", ".yaml", ".yml", ".py"):
            assert "my_robot" not in file.read_text(), file
    assert os.listdir(tmp_path) == ["robby"]


def test_its_ci_installs_nothing_by_a_name_that_anybody_may_take(tmp_path: Path) -> None:
    assert main(["new", str(tmp_path / "robby"), "--no-ros"]) == 0
    file = yaml.safe_load((tmp_path / "robby/.github/workflows/test.yml").read_text())
    steps = [one["run"] for one in file["jobs"]["bags"]["steps"] if "run" in one]
    install = next(step for step in steps if "pip install" in step)
    assert '"edge_perception[robot,bags] @ $EDGE_PERCEPTION"' in install
    assert file["env"] == {"EDGE_PERCEPTION": ""}
    for url, code in (("", 1), ("git+https://example.org/edge_perception@1234567", 0)):
        given = {**os.environ, "EDGE_PERCEPTION": url}
        done = subprocess.run(
            ["bash", "-e", "-c", steps[0]], env=given, capture_output=True, text=True
        )
        assert done.returncode == code, done
        assert ("say in .github/workflows/test.yml" in done.stdout) == (code == 1)
        wanted = Requirement(f"edge_perception[robot,bags] @ {url or 'file:///none'}")
        assert wanted.extras == {"robot", "bags"}


@pytest.mark.ros
def test_a_package_of_ros_builds_passes_its_test_and_is_clean(tmp_path: Path) -> None:
    robot = tmp_path / "robby"
    assert main(["new", str(robot)]) == 0
    for linter in ("ament_flake8", "ament_pep257"):
        run(tmp_path, str(PROGRAMS / linter), str(robot))
    build, installed = tmp_path / "build", tmp_path / "installed"
    run(tmp_path, "cmake", "-G", "Ninja", f"-DCMAKE_INSTALL_PREFIX={installed}",
        f"-DPython3_EXECUTABLE={sys.executable}", "-S", str(robot), "-B", str(build))  # fmt: skip
    run(tmp_path, "cmake", "--build", str(build), "--target", "install")
    assert "100% tests passed" in run(build, "ctest", "--output-on-failure")
    share = installed / "share" / "robby"
    assert {path.name for path in (share / "config").iterdir()} == {"robot.yaml", "rules.yaml"}
    run(tmp_path, sys.executable, "-m", "py_compile", str(share / "launch" / "robby.launch.py"))
    assert "<name>robby</name>" in (share / "package.xml").read_text()


@pytest.mark.parametrize("name", ["Robby", "a", "my-robot", "1st", "_x", "a__b"])
def test_a_name_that_ros_does_not_take(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / name)]) == 1
    assert f"{name!r} is no name of a robot" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "robby").mkdir()
    assert main(["new", str(tmp_path / "robby")]) == 1
    assert "is there already" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "robby")
    assert main(["new", str(tmp_path / "no" / "robby")]) == 1
    assert "can't be made: No such file or directory" in capsys.readouterr().err
