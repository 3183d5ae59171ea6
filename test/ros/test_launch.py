"""The launch file, by the real `ros2 launch` where it is installed: it is on no package index."""

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
    str(share_dir() / "launch" / "robot.launch.py"),
]


def launch(*arguments):
    return subprocess.run(
        [*LAUNCH, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
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


def test_missing_model_is_named():
    done = launch()
    assert done.returncode == 1
    assert "'model'" in done.stdout
