"""A robot that trusts somebody reads no graph and no parameters but signed ones."""

from __future__ import annotations

from collections.abc import Callable
import importlib
from pathlib import Path
import shutil
import subprocess
import sys
from unittest.mock import MagicMock

import pytest

from edge_compiler.cli import main as edgec
from edge_compiler.signing.secret import make_key, write_keys
from edge_perception.commands import main
from edge_perception.core.whole_file import FileError
from edge_perception.robot import graph
from edge_perception.robot.parameter_files import ParameterFileError
from edge_perception.robot.plan import plan, StartRequest

KEY, STRANGER = make_key(), make_key()
LAUNCHING = "edge_perception.transport.ros.launching"
READ = "trusted_keys is for perception, which is left out: give model, too"
"""What is said against the package's graph without a model: it was read, and used."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a graph, our keys, and a stranger's."""
    write_keys(KEY, tmp_path / "k.key", tmp_path / "k.pub", "")
    write_keys(STRANGER, tmp_path / "s.key", tmp_path / "s.pub", "")
    shutil.copy(graph.default_path(), tmp_path / "robot.yaml")
    return tmp_path


@pytest.fixture
def trusting(folder: Path) -> str:
    return f"--trusted-keys=[{folder / 'k.pub'}]"


@pytest.fixture
def refusal(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what starts a robot by the graph, and returns what is said against it."""

    def up(*arguments: str) -> str:
        capsys.readouterr()
        given = ["up", "--transport=local", f"--graph={folder / 'robot.yaml'}", *arguments]
        assert main(given) == 1
        return capsys.readouterr().err

    return up


def sign(folder: Path, key: str = "k.key", file: str = "robot.yaml") -> None:
    assert edgec(["sign", str(folder / file), "-k", str(folder / key)]) == 0


def test_only_what_a_trusted_key_has_signed_is_read(
    folder: Path, refusal: Callable[..., str], trusting: str
) -> None:
    assert "robot.yaml is not signed, as trusted_keys ask for" in refusal(trusting)
    sign(folder, "s.key")
    assert f"by the key {STRANGER.public.name}, which is not trusted here" in refusal(trusting)
    sign(folder)
    assert READ in refusal(trusting)
    file = folder / "robot.yaml"
    file.write_bytes(file.read_bytes() + b"\n")
    assert f"is not what the key {KEY.public.name} has signed" in refusal(trusting)
    assert "no public key" in refusal("--trusted-keys=[nowhere.pub]")
    assert "trusted_keys must be" in refusal("--trusted-keys=[1]")


def test_nothing_is_used_of_what_is_not_signed(
    folder: Path, refusal: Callable[..., str], trusting: str
) -> None:
    (folder / "robot.yaml").write_text("nodes: {camra: }")
    assert "'camra'" not in refusal(trusting)
    sign(folder)
    assert "'kind' is missing" in refusal(trusting)


def test_keys_of_a_parameter_file_count_too(folder: Path, refusal: Callable[..., str]) -> None:
    values = folder / "values.yaml"
    values.write_text(
        f"/**/decision:\n  ros__parameters: {{trusted_keys: ['{folder / 'k.pub'}']}}\n"
    )
    assert "is not signed" in refusal(f"--params-file={values}")
    sign(folder)
    assert "there is nothing to start" in refusal(f"--params-file={values}")


OFF = "/**:\n  ros__parameters: {trusted_keys: [''], rate: 7.0, use_sim_time: false}\n"
"""A parameter file that would have nobody trusted."""


def request(folder: Path, **values: str) -> StartRequest:
    (folder / "values.yaml").write_text(OFF)
    return StartRequest(values, parameters_file=str(folder / "values.yaml"))


@pytest.mark.parametrize("by", ["argument", "graph"])
def test_a_parameter_file_must_be_signed_by_who_is_trusted(by: str, folder: Path) -> None:
    keys = f"[{folder / 'k.pub'}]"
    model = {"model": "none.edge"}
    robot = graph.load()
    given = request(folder, **model, trusted_keys=keys)
    if by == "graph":
        text = graph.default_path().read_text()
        named = f"perception: {{parameters: {{trusted_keys: {keys}}}}}"
        (folder / "robot.yaml").write_text(text.replace("perception: {}", named))
        robot, given = graph.load(folder / "robot.yaml"), request(folder, **model)
    with pytest.raises(ParameterFileError, match=r"values\.yaml is not signed, as trusted_keys"):
        plan(robot, given)
    sign(folder, "s.key", "values.yaml")
    with pytest.raises(ParameterFileError, match="which is not trusted here"):
        plan(robot, given)
    sign(folder, "k.key", "values.yaml")
    starts = {start.name: start for start in plan(robot, given)}
    (folder / "values.yaml").write_text("exchanged: {}")
    for start in starts.values():  # what was signed is what holds
        assert not start.parameters_file
        assert start.parameters["rate"] == 7.0
    expected = [str(folder / "k.pub")] if by == "argument" else [""]
    assert starts["perception"].parameters["trusted_keys"] == expected


def test_a_robot_runs_by_signed_parameters(
    folder: Path, sees_red: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = dict(option.split("=") for option in sees_red())
    shutil.copytree(given["--model"], folder / "model.edge")
    (folder / "values.yaml").write_text("/camera: {ros__parameters: {frame_id: eye, rate: 9.0}}")
    for name in ("model.edge", "rules.yaml", "values.yaml"):
        sign(folder, file=name)
    given |= {"--model": str(folder / "model.edge"), "--params-file": str(folder / "values.yaml")}
    given |= {"--trusted-keys": f"[{folder / 'k.pub'}]"}
    options = [f"{name}={value}" for name, value in given.items()]
    assert main(["up", "--transport=local", "--once", *options]) == 0
    (folder / "values.yaml").write_text("/camera: {ros__parameters: {frame_id: eye, rate: 8.0}}")
    assert main(["up", "--transport=local", "--once", *options]) == 1
    assert "values.yaml is not what the key" in capsys.readouterr().err


def test_parameters_that_ros_would_read_by_itself_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = f"--trusted-keys=[{folder / 'k.pub'}]"
    ros = ["--ros-args", "--params-file", str(folder / "values.yaml")]
    assert main(["up", "--model=none.edge", keys, *ros]) == 1
    assert "before --ros-args, so that its signature" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["--trusted-key=[{}]", "--trusted=[{}]"])
def test_a_shortened_option_is_no_way_around(
    given: str, folder: Path, refusal: Callable[..., str]
) -> None:
    assert "write --trusted-keys in full" in refusal(given.format(folder / "k.pub"))


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_minisign_signs_and_checks_a_graph(
    folder: Path, refusal: Callable[..., str], trusting: str
) -> None:
    def minisign(*arguments: str) -> int:
        command = ["minisign", *arguments, "-m", "robot.yaml"]
        return subprocess.run(command, cwd=folder, capture_output=True).returncode

    assert minisign("-S", "-s", "k.key") == 0
    assert READ in refusal(trusting)
    sign(folder)
    assert minisign("-V", "-p", "k.pub") == 0
    assert minisign("-V", "-p", "s.pub") != 0
    (folder / "robot.yaml").write_text("nodes: {camera: }")
    assert minisign("-V", "-p", "k.pub") != 0


class _Declared:
    """An argument of a launch file, as far as its name goes."""

    def __init__(self, name: str, **_: object) -> None:
        self.name = name


def test_a_launch_trusts_as_edge_robot_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Launch itself is on no package index: what it calls is called."""
    for name in ("launch", "launch.actions", "launch.events", "launch.events.process"):
        monkeypatch.setitem(sys.modules, name, MagicMock(DeclareLaunchArgument=_Declared))
    sys.modules.pop(LAUNCHING, None)
    launching = importlib.import_module(LAUNCHING)
    del sys.modules[LAUNCHING]  # what knows these is for nobody else
    values = {"graph": str(folder / "robot.yaml"), "trusted_keys": f"[{folder / 'k.pub'}]"}
    with pytest.raises(FileError, match="is not signed"):
        launching.graph(values)
    sign(folder)
    assert launching.graph(values).arguments == graph.load(folder / "robot.yaml").arguments
