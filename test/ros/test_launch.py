"""The launch file, by the real `ros2 launch` where it is installed: it is on no package index."""

import signal
import subprocess
import sys

import pytest

from edge_perception.share import share_dir

pytest.importorskip("launch_ros")
pytest.importorskip("ros2launch")

LAUNCH = [
    sys.executable,
    "-c",
    "import sys; from ros2cli.cli import main; sys.exit(main())",
    "launch",
]
ROBOT = str(share_dir() / "launch" / "robot.launch.py")
BRIDGE = str(share_dir() / "launch" / "bridge.launch.py")
REPLAY = str(share_dir() / "launch" / "replay.launch.py")


def launch(*arguments, file=ROBOT):
    return subprocess.run(
        [*LAUNCH, file, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def test_arguments_are_shown():
    shown = launch("--show-args").stdout
    for name in ("model", "camera", "rules", "image_topic", "params_file", "namespace"):
        assert f"'{name}':" in shown
    assert "'composed':" in shown


@pytest.mark.parametrize("composed", ["true", "false"])
def test_node_that_can_not_be_configured_fails_the_launch(composed):
    done = launch("model:=/nowhere.edge", "camera:=pattern:64x48", f"composed:={composed}")
    assert done.returncode == 1
    assert "/nowhere.edge does not exist" in done.stdout
    assert "Traceback" not in done.stdout


def test_nothing_to_start_is_an_error():
    done = launch()
    assert done.returncode == 1
    assert "give imu or wheels or cmd_vel_in or model or camera" in done.stdout


def test_misspelt_argument_is_refused():
    done = launch("modle:=x.edge")
    assert done.returncode == 1
    assert "unknown argument 'modle'" in done.stdout
    assert "is 'model' meant?" in done.stdout


def test_another_graph_brings_its_own_arguments(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "arguments: {picture: {description: what to show, sets: eye.source, required: true}}\n"
        "nodes: {eye: {kind: camera, parameters: {loop: false}}}"
    )
    assert "'picture':" in launch(f"graph:={path}", "--show-args").stdout
    done = launch(f"graph:={path}", "picture:=/nowhere.png")
    assert done.returncode == 1
    assert "/nowhere.png" in done.stdout


def test_a_replay_has_the_arguments_of_the_robot_and_fails_without_a_bag():
    shown = launch("--show-args", file=REPLAY).stdout
    for name in ("model", "bag", "expect", "rate"):
        assert f"'{name}':" in shown
    done = launch("bag:=/nowhere", "model:=x.edge", file=REPLAY)
    assert done.returncode == 1
    assert "/nowhere is no bag: there is no such file or folder" in done.stdout


@pytest.mark.ros
@pytest.mark.parametrize("composed", ["true", "false"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_robot_does_not_outlive_its_launch(robot, composed, number):
    command = [*LAUNCH, ROBOT, "imu:=simulated", "wheels:=simulated", f"composed:={composed}"]
    nodes = {"imu", "pose", "wheels"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        robot.wait(lambda: nodes <= set(robot.peer.get_node_names()))
        process.send_signal(number)
    robot.wait(lambda: not nodes & set(robot.peer.get_node_names()), 10)


def test_a_bridge_without_its_file_fails_the_launch():
    assert "'config':" in launch("--show-args", file=BRIDGE).stdout
    done = launch("config:=/nowhere.yaml", file=BRIDGE)
    assert done.returncode == 1
    assert "nowhere.yaml" in done.stdout
    assert "Traceback" not in done.stdout
