"""Where only numpy is installed, bundles run, and commands that need more say what to install."""

from collections.abc import Callable
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

import pytest

from edge_perception.runtime import read_contents

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
before = set(sys.modules)  # a distribution's sitecustomize too
import numpy
from edge_perception.runtime import load

with load(sys.argv[1]) as model:
    print(model.run_image(numpy.full((48, 64, 3), 200, numpy.uint8), "bgr8")["scores"].sum())
loaded = set(sys.modules) - before
installed = {module.partition(".")[0] for module in loaded} - sys.stdlib_module_names
print(sorted(name for name in installed if not name.startswith("_")))
"""
UP_WITHOUT_ROS = """
import sys
from edge_perception import cli

sys.modules["rclpy"] = None
sys.exit(cli.main(["up", "--model", "model.edge"]))
"""


@pytest.fixture(scope="session")
def python(made_once: Callable[..., Path]) -> Path:
    """Return a Python that finds numpy and our packages and nothing else."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")]
        subprocess.run(command, check=True)
        packages = folder / "packages"
        packages.mkdir()
        installed = Path(sysconfig.get_path("platlib")).glob("numpy*")
        for source in (*installed, ROOT / "edge_perception", ROOT / "edge_compiler"):
            (packages / source.name).symlink_to(source)
        purelib = next((folder / "venv" / "lib").glob("python*/site-packages"))
        (purelib / "packages.pth").write_text(f"{packages}\n")

    return made_once("numpy_only", make) / "venv" / "bin" / "python"


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_bundle_runs_with_numpy_alone(python: Path, tiny_bundle: Path) -> None:
    done = run(python, "-c", RUN, tiny_bundle)
    assert done.returncode == 0, done.stderr
    total, modules = done.stdout.splitlines()
    assert float(total) == pytest.approx(1, abs=1e-5)
    assert modules == "['edge_perception', 'numpy']"


@pytest.mark.parametrize("program", ["edge_compiler", "edge_perception.runtime"])
def test_edgec_verifies_with_numpy_alone(python: Path, tiny_bundle: Path, program: str) -> None:
    done = run(python, "-m", program, "verify", tiny_bundle)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "files: 4 as the manifest says"
    assert lines[1] == "signature: none"
    assert lines[2].startswith("self-test: relative error ")
    assert lines[-2].startswith("nodes: not compared, that needs ONNX Runtime: in a checkout")
    assert lines[-1] == f"{tiny_bundle} is right"
    found = json.loads(run(python, "-m", program, "verify", tiny_bundle, "--json").stdout)
    manifest = json.loads((tiny_bundle / "manifest.json").read_text())
    assert manifest["model"]["variants"][-1] in found["selftest_errors"]
    assert max(found["selftest_errors"].values()) <= manifest["proof"]["tolerance"]


def test_edgec_installs_with_numpy_alone(python: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    for _ in range(2):  # the first one, and one in its place
        done = run(python, "-m", "edge_compiler", "install", tiny_bundle, tmp_path / "m.edge")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith(f"{tmp_path}/m.edge is installed")
    assert {path.name for path in tmp_path.iterdir()} == {"m.edge", "m.edge.last"}
    done = run(python, "-m", "edge_compiler", "install", tmp_path, tmp_path / "m.edge")
    assert done.returncode == 1
    assert done.stderr.startswith(f"edgec: error: {tmp_path}/manifest.json can't be read")


def test_edgec_installs_on_another_machine(
    python: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through what stands in for ssh: the same interface, on this machine."""
    ssh, there = tmp_path / "bin" / "ssh", tmp_path / "a robot's home"
    for folder in (ssh.parent, there):
        folder.mkdir()
    ssh.write_text(
        "#!/bin/sh\nwhile [ $1 != -- ]; do shift; done\n"
        f'[ "$2" = me@robot ] || exit 255\ncd "{there}" && eval "$3"\n'
    )
    (ssh.parent / "edgec").write_text(f'#!/bin/sh\nexec {python} -m edge_compiler "$@"\n')
    for program in ssh.parent.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.defpath}")  # without the edgec of a venv

    def edgec(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run(python, "-m", "edge_compiler", "install", *arguments)

    for _ in range(2):
        done = edgec(tiny_bundle, "me@robot:the model.edge")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith("the model.edge is installed")
    assert read_contents(there / "the model.edge") == read_contents(tiny_bundle)
    done = edgec("--json", "--allow-downgrade", tiny_bundle, "me@robot:the model.edge")
    assert json.loads(done.stdout)["destination"] == "the model.edge"
    assert edgec("--rollback", "me@robot:the model.edge").returncode == 0
    assert edgec(tiny_bundle, "me@robot:nowhere/x.edge").returncode == 1
    assert {path.name for path in there.iterdir()} == {"the model.edge", "the model.edge.last"}
    done = edgec(tiny_bundle, "me@elsewhere:model.edge")
    assert done.returncode == 1
    assert "ssh says why me@elsewhere was not reached" in done.stderr
    (ssh.parent / "edgec").unlink()
    done = edgec(tiny_bundle, "me@robot:model.edge")
    assert done.returncode == 1
    assert "me@robot has no edgec in the PATH" in done.stderr


def test_damaged_bundle_is_refused_with_numpy_alone(
    python: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "damaged.edge"
    shutil.copytree(tiny_bundle, bundle)
    with (bundle / "model.so").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    done = run(python, "-m", "edge_compiler", "verify", bundle)
    assert done.returncode == 1
    assert done.stderr.startswith(f"edgec: error: {bundle}/model.so is damaged")
    assert "Traceback" not in done.stderr


def test_other_commands_say_what_they_need(python: Path) -> None:
    done = run(python, "-m", "edge_compiler", "compile", "model.onnx", "-o", "model.edge")
    assert done.returncode == 1
    assert done.stderr == (
        "edgec: error: the command 'compile' needs the compiler: "
        "in a checkout of edge_perception, pip install '.[compiler]'\n"
    )
    assert "verify" in run(python, "-m", "edge_compiler", "--help").stdout
    assert run(python, "-m", "edge_compiler").returncode == 2


@pytest.mark.parametrize("arguments", [["check"], ["up", "--model", "model.edge"], ["--help"]])
def test_edge_robot_says_what_it_needs(python: Path, arguments: list[str]) -> None:
    done = run(python, "-m", "edge_perception.cli", *arguments)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: edge-robot needs PyYAML, not installed for this Python ({python}): "
        "pip install PyYAML\n"
    )


def test_edge_robot_says_that_it_needs_ros() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UP_WITHOUT_ROS], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: edge-robot up needs ROS 2, which can't be imported (")
    assert "in a checkout of edge_perception, pip install '.[ros]'; without ROS 2" in done.stderr
    assert done.stderr.endswith("with --transport nanomsg\n")
    assert "Traceback" not in done.stderr
