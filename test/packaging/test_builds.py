"""The package as pip and as colcon build it has everything that it needs to run."""

from collections.abc import Callable
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

import pytest

from edge_perception.nodes import base

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = [
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("msg/*.msg"), *ROOT.glob("srv/*.srv"))
]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "install", "log", "*.egg-info")
PROBE = """
import json, edge_perception.msg, edge_perception.srv, edge_compiler
from edge_perception.share import share_dir
from rclpy.serialization import serialize_message

message = edge_perception.msg.DetectionArray(model="probe")
print(json.dumps({
    "messages": edge_perception.msg.__file__,
    "services": edge_perception.srv.__file__,
    "compiler": edge_compiler.__file__,
    "share": str(share_dir()),
    "size": len(serialize_message(message)),
    "request": len(serialize_message(edge_perception.srv.SetPose.Request())),
}))
"""
PROGRAMS = Path(sys.executable).parent
ROS = {
    "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
    "AMENT_PREFIX_PATH": sys.prefix,
    "CMAKE_PREFIX_PATH": sys.prefix,
}

pytestmark = [pytest.mark.slow, pytest.mark.ros]


def _run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a command in a folder other than the checkout, which Python would import from."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def _files(folder: Path) -> set[str]:
    """List the files of the two packages in a folder, without pages and what Python caches."""
    return {
        str(path.relative_to(folder))
        for package in ("edge_compiler", "edge_perception")
        for path in (folder / package).rglob("*")
        if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="session")
def prefix(made_once: Callable[..., Path]) -> Path:
    """Return the prefix into which pip has installed a copy of the checkout."""

    def install(folder: Path) -> None:
        sources = folder.with_name("pip-sources")
        shutil.copytree(ROOT, sources, ignore=LEFT_OUT)
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
        _run([*pip, "--ignore-installed", "--prefix", str(folder), "."], sources)

    return made_once("pip-prefix", install)


def _site_packages(prefix: Path) -> Path:
    return Path(sysconfig.get_path("purelib", vars={"base": str(prefix)}))


def test_pip_installs_every_file_of_the_packages(prefix: Path) -> None:
    sources = prefix.with_name("pip-sources")
    assert _files(sources) - _files(_site_packages(prefix)) == set()
    assert {path.name for path in (prefix / "bin").iterdir()} == {"edgec", "edge-robot"}


def test_pip_installs_configuration_launch_files_and_messages(prefix: Path) -> None:
    share = prefix / "share" / "edge_perception"
    for folder in ("config", "launch"):
        files = sorted(path.name for path in (ROOT / folder).glob("*.*"))
        assert sorted(path.name for path in (share / folder).glob("*.*")) == files
    assert all((share / definition).is_file() for definition in DEFINITIONS)


def test_pip_installs_working_messages(prefix: Path) -> None:
    site = str(_site_packages(prefix))
    libraries = os.pathsep.join([str(prefix / "lib"), os.environ.get("LD_LIBRARY_PATH", "")])
    command = [sys.executable, "-c", PROBE]
    found = json.loads(_run(command, prefix, PYTHONPATH=site, LD_LIBRARY_PATH=libraries))
    assert found["messages"].startswith(site)
    assert found["services"].startswith(site)
    assert found["compiler"].startswith(site)
    assert found["share"] == str(prefix / "share" / "edge_perception")
    assert found["size"] > 0
    assert found["request"] > 0


MESSAGES_PROBE = """
import importlib.util, edge_perception.msg
from rclpy.serialization import deserialize_message, serialize_message

message = edge_perception.msg.Decision(rule="probe")
kind = edge_perception.msg.Decision
assert deserialize_message(serialize_message(message), kind).rule == "probe"
assert importlib.util.find_spec("edge_perception.nodes") is None
print(edge_perception.msg.__file__)
"""


def _colcon_build(workspace: Path, *options: str) -> None:
    """Build a copy of the checkout in a workspace."""
    shutil.copytree(ROOT, workspace / "src" / "edge_perception", ignore=LEFT_OUT)
    _run([str(PROGRAMS / "colcon"), "build", *options], workspace, **ROS)


def _with_workspace(workspace: Path, program: str) -> str:
    """Run a program of Python as in a shell that has sourced the workspace."""
    command = ["bash", "-c", '. install/setup.bash && python -c "$0"', program]
    return _run(command, workspace, **ROS).splitlines()[-1]


@pytest.mark.parametrize("options", [[], ["--symlink-install"]], ids=["copied", "symlinked"])
def test_colcon_builds_a_workspace(tmp_path: Path, options: list[str]) -> None:
    _colcon_build(tmp_path, *options)
    installed = tmp_path / "install" / "edge_perception"
    found = json.loads(_with_workspace(tmp_path, PROBE))
    assert found["messages"].startswith(str(installed))
    assert found["services"].startswith(str(installed))
    assert found["compiler"].startswith(str(installed))
    nodes = {file.name for file in (installed / "lib" / "edge_perception").iterdir()}
    assert nodes == {"bridge", "robot", *base.names()}
    for program in ("edgec", "edge-robot"):
        assert os.access(installed / "bin" / program, os.X_OK)
    share = installed / "share" / "edge_perception"
    assert all((share / definition).is_file() for definition in DEFINITIONS)
    assert all((share / folder).is_dir() for folder in ("config", "launch"))


def test_colcon_builds_the_messages_alone(tmp_path: Path) -> None:
    _colcon_build(tmp_path, "--cmake-args", "-DEDGE_MESSAGES_ONLY=ON")
    installed = tmp_path / "install" / "edge_perception"
    assert _with_workspace(tmp_path, MESSAGES_PROBE).startswith(str(installed))
    assert not (installed / "bin").exists()
    assert not (installed / "share" / "edge_perception" / "launch").exists()
