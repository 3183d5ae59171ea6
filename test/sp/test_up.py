"""The robot in several processes: it decides, and a killed process costs no safety."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
import json
import os
from queue import Empty, Queue
import signal
import subprocess
import sys
import time

from complaints import complaints
import pytest

from edge_perception import messages
from edge_perception.commands import main
from edge_perception.messages.types import DiagnosticArray, Twist, TwistStamped, Vector3
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, network

PATIENCE = 180.0
WITHOUT_ROS = """
import sys
from edge_perception import cli
sys.modules["rclpy"] = None  # an import of it fails
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture
def up(sees_red: Callable[..., list[str]]) -> list[str]:
    """Return the command that starts a robot with one red picture for a camera."""
    return [sys.executable, "-c", WITHOUT_ROS, "up", *sees_red(), "--transport=nanomsg"]


@pytest.fixture
def robot(up: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Return a robot in several processes, as soon as it has seen something."""
    with subprocess.Popen(
        [*up, "--processes=each"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if "(seen:" in line)
        yield running
        running.kill()


def ps() -> dict[str, list[str]]:
    """Return the columns of each process by its name."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROS, "ps"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return {line.split()[0]: line.split() for line in done.stdout.splitlines()[1:]}


def test_one_process_decides_and_ends(up: list[str]) -> None:
    done = subprocess.run([*up, "--once"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    assert "go (" in done.stdout or "halt (" in done.stdout


def test_a_killed_decision_is_replaced_by_its_safe_action_and_comes_back(
    robot: subprocess.Popen[str],
) -> None:
    bus, limits = Bus(), Queue[bytes]()
    bus.read(End("/wheels", "/cmd_vel_limit", "geometry_msgs/msg/Twist", limits.put))

    def until(speed: float) -> float:
        begun = time.monotonic()
        while messages.deserialize(limits.get(timeout=PATIENCE), Twist).linear.x != speed:
            assert time.monotonic() - begun < PATIENCE
        return time.monotonic() - begun

    with linked(bus, network(), lambda request: b""):
        until(1.0)
        before = ps()
        assert before.keys() == {"camera", "decision", "perception", "robot"}
        os.kill(int(before["decision"][1]), signal.SIGKILL)
        until(0.0)
        assert any(one.node == "/decision_guard" for one in bus.publishers("/cmd_vel_limit"))
        until(1.0)
        after = ps()
    assert after["decision"][3] == "1"
    assert after["decision"][-1] == "SIGKILL"
    assert after["camera"][1] == before["camera"][1]
    robot.send_signal(signal.SIGINT)
    _, errors = robot.communicate(timeout=PATIENCE)
    assert robot.returncode == 0
    assert "the process decision was killed by SIGKILL; it is started again" in errors
    assert not list(registry.folder().iterdir())


def test_a_decision_that_is_stopped_stops_the_robot_until_it_goes_on(up: list[str]) -> None:
    """Nobody gives the safe action in its place: the gate has the last word."""
    bus, driven, said = Bus(), Queue[bytes](), Queue[bytes]()
    velocity, status = "geometry_msgs/msg/TwistStamped", "diagnostic_msgs/msg/DiagnosticArray"
    bus.read(End("/wheels", "/cmd_vel_out", velocity, driven.put))
    bus.read(End("/wheels", "/diagnostics", status, said.put))
    commands = End("/driver", "/cmd_vel_in", velocity)
    bus.advertise(commands)
    forward = messages.serialize(TwistStamped(twist=Twist(linear=Vector3(x=2.0))))

    def until(speed: float) -> None:
        end = time.monotonic() + PATIENCE
        now = None
        while now != speed:
            assert time.monotonic() < end
            bus.publish(commands, forward)
            with suppress(Empty):
                now = messages.deserialize(driven.get(timeout=0.05), TwistStamped).twist.linear.x

    def until_named(sentence: str) -> None:
        for data in iter(lambda: said.get(timeout=PATIENCE), b""):
            array = messages.deserialize(data, DiagnosticArray)
            if any(one.level == 2 and one.message.startswith(sentence) for one in array.status):
                return

    with (
        subprocess.Popen(
            [*up, "--processes=each", "--cmd-vel-in=cmd_vel_in"], stderr=subprocess.DEVNULL
        ) as robot,
        linked(bus, network("driver"), lambda request: b""),
    ):
        try:
            until(1.0)
            [pid] = (one.pid for one in registry.records() if one.name == "decision")
            os.kill(pid, signal.SIGSTOP)
            try:
                until(0.0)
                until_named("the process decision was stopped by a signal: let it go on with kill")
            finally:
                os.kill(pid, signal.SIGCONT)
            until(1.0)
        finally:
            robot.kill()


def test_nothing_outlives_its_supervisor(robot: subprocess.Popen[str]) -> None:
    processes = list(registry.records())
    assert len(processes) == 4
    robot.kill()
    end = time.monotonic() + PATIENCE
    while any(map(registry.is_running, processes)):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_node_that_can_not_be_configured_ends_the_robot(up: list[str]) -> None:
    done = subprocess.run(
        [*up, "--processes=2", "--model=nowhere.edge"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "error: /perception: nowhere.edge" in done.stderr
    assert "before it worked" in done.stderr


def test_the_log_as_json(up: list[str]) -> None:
    done = subprocess.run(
        [*up, "--processes=2", "--model=nowhere.edge", "--log=json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    said = [json.loads(line) for line in done.stderr.splitlines()]
    [node] = [one for one in said if one["source"] == "/perception"]
    assert node["level"] == "ERROR"
    assert node["message"].startswith("nowhere.edge")
    [robot] = [one for one in said if "before it worked" in one["message"]]
    assert robot["source"] == "robot"
    assert robot["pid"] != node["pid"]
    age = datetime.now(timezone.utc) - datetime.fromisoformat(node["time"])
    assert age.total_seconds() < PATIENCE
    assert not any("is started again" in one["message"] for one in said)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--listen=tcp://0.0.0.0:7447"], "would open the robot to everybody"),
        (["--peer=nonsense"], "is no address"),
        (["--tls-peers=a.pem"], "belong together"),
        (["--processes=some"], "expected a number from 1, or each"),
        (["--processes=2", "--listen=tcp://127.0.0.1:65500"], "leaves no room"),
        (["--log-level=debug"], "--log-level is for ROS 2"),
        (["--transport=ros", "--log=json"], "--log is for robots without ROS"),
    ],
)
def test_what_can_not_be_started(
    up: list[str], more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*up[3:], *more]) == 1
    assert says in capsys.readouterr().err
