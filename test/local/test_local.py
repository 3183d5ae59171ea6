"""The robot in one process without ROS, beside the same robot over ROS 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import re
import signal
import subprocess
import sys

from complaints import complaints
import pytest

PATIENCE = 180.0
UP = """
import sys
from edge_perception import cli

if "local" in sys.argv:
    sys.modules["rclpy"] = None  # an import of it fails
code = cli.main(sys.argv[1:])
assert "local" not in sys.argv or not any(name.startswith("rclpy.") for name in sys.modules)
sys.exit(code)
"""


@pytest.fixture
def up(sees_red: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Return the command that starts a robot with one red picture for a camera."""
    options = sees_red()

    def command(*more: str) -> list[str]:
        return [sys.executable, "-c", UP, "up", *options, *more]

    return command


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def decision(line: str) -> str:
    """Return what was decided and why, and what was seen, without the time that it took."""
    return re.sub(r"\d+ ms", "", line)


@pytest.mark.ros
def test_the_same_is_decided_over_both_transports(up: Callable[..., list[str]]) -> None:
    pytest.importorskip("rclpy")
    said = {}
    for transport in ("local", "ros"):
        with started(up("--transport", transport)) as running:
            assert running.stdout is not None
            lines = (line for line in running.stdout if "(seen:" in line)
            said[transport] = decision(next(lines))
    assert said["local"] == said["ros"]
    assert said["local"].startswith("go (seen: ")


def test_it_ends_after_a_decision_without_a_word_of_ros(up: Callable[..., list[str]]) -> None:
    done = subprocess.run(
        up("--transport", "local", "--once"), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    assert "go (" in done.stdout or "halt (" in done.stdout


def test_a_robot_that_decides_nothing_says_so_and_misses_no_decisions() -> None:
    """Within its time a look at all inputs names those that nobody publishes."""
    options = ["--imu", "simulated", "--transport", "local", "--duration", "2.5"]
    command = [sys.executable, "-c", UP, "up", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0
    assert done.stdout == "imu, pose: none of them decides, so no decisions are shown here\n"
    assert "terminal:" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(up: Callable[..., list[str]], number: signal.Signals) -> None:
    with started(up("--transport", "local")) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if "(seen:" in line)
        running.send_signal(number)
        _, errors = running.communicate(timeout=PATIENCE)
        assert (running.returncode, complaints(errors)) == (0, [])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--model", "nowhere.edge"], "error: /perception: nowhere.edge"),
        (["--use-sim-time"], "--use-sim-time is for ROS 2"),
    ],
)
def test_what_can_not_be_started(up: Callable[..., list[str]], more: list[str], says: str) -> None:
    done = subprocess.run(
        up("--transport", "local", *more), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert says in done.stderr


def test_what_is_missing_is_said(up: Callable[..., list[str]]) -> None:
    with started(
        up("--transport", "local", "--image-topic", "/their/image", "--camera", "")
    ) as it:
        assert it.stderr is not None
        line = next(line for line in it.stderr if "input image" in line)
    assert line.startswith("[ERROR] perception: input image: no node publishes")
