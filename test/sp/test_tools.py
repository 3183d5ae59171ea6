"""The commands that look at a robot which runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
import os
from pathlib import Path
import re
import subprocess
import sys
import threading

import numpy as np
from PIL import Image as Picture
from processes import IMAGE, PATIENCE, Process, TEXT
import pytest
import yaml

from edge_perception import messages
from edge_perception.commands import main
from edge_perception.messages import MessageError
from edge_perception.messages.types import Image, Imu, PoseStamped, String
from edge_perception.tools import graph, nodes, topics
from edge_perception.tools.display import as_yaml, from_yaml
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp import registry, services

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for module in (graph, nodes):
        monkeypatch.setattr(module, "PATIENCE", PATIENCE)

    def run(*arguments: str, code: int = 0) -> str:
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out if code == 0 else captured.err

    return run


@pytest.fixture
def repeated(toy: tuple[Process, Shell], stack: ExitStack) -> Callable[[str, str, bytes], None]:
    """Return what publishes a message again and again."""
    ended = threading.Event()

    def repeat(topic: str, type_: str, data: bytes) -> None:
        speak = toy[0].speaker(topic, type_)

        def work() -> None:
            while not ended.wait(0.005):
                speak(data)

        thread = threading.Thread(target=work)
        thread.start()
        stack.callback(thread.join)
        stack.callback(ended.set)

    return repeat


def test_topics_and_who_is_there(toy: tuple[Process, Shell], run: Run) -> None:
    assert run("topics").split() == [
        "/copy",
        "/echo",
        "/image",
        "/info",
        "/maybe",
        "/safe",
        "/text",
    ]
    assert "/image [sensor_msgs/msg/Image]\n" in run("topics", "-t")
    lines = run("info", "echo").splitlines()
    assert lines == [f"Type: {TEXT}", "", "Publisher count: 1", "Subscription count: 0"]
    verbose = run("info", "/copy", "--verbose")
    assert "Node name: toy\nNode namespace: /\nTopic type: sensor_msgs/msg/Image\n" in verbose
    assert "Topic type hash: RIHS01_" in verbose
    assert "Endpoint type: PUBLISHER\nAddress: ipc://" in verbose
    assert "is '/echo' meant" in run("info", "ecko", code=1)
    name, _, state, *_ = run("ps").splitlines()[1].split()
    assert (name, state) == ("one", "running")


def test_messages_are_shown(repeated: Callable[[str, str, bytes], None], run: Run) -> None:
    repeated("/words", TEXT, messages.serialize(String(data="hello")))
    assert run("echo", "words", "--once") == "data: hello\n---\n"
    assert "needs sensor_msgs/msg/Image" in run("echo", "words", "--image", "x.png", code=1)


def test_the_rate_of_messages(
    repeated: Callable[[str, str, bytes], None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated("/words", TEXT, messages.serialize(String(data="hello")))
    said: list[str] = []

    def interrupt(text: str, flush: bool) -> None:
        said.append(text)
        if text != "no new messages":
            raise KeyboardInterrupt

    monkeypatch.setattr(topics, "print", interrupt, raising=False)
    monkeypatch.setattr(topics, "_REPORT", 0.2)
    assert main(["hz", "words"]) == 130
    number = r"(\d+\.\d+)"
    rate = re.match(
        rf"average rate: {number}\n\tmin: {number}s max: {number}s std dev: {number}s window: ",
        said[-1],
    )
    assert rate is not None
    average, least, most, _ = map(float, rate.groups())
    assert 0 < least <= 1 / average + 0.001
    assert 1 / average <= most + 0.001


def test_a_rate_is_that_of_the_times_at_which_messages_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    topics._print_rate([10.0, 10.1, 10.3, 10.4])
    assert capsys.readouterr().out == (
        "average rate: 7.500\n\tmin: 0.100s max: 0.200s std dev: 0.04714s window: 3\n"
    )


def test_an_image_is_written(
    repeated: Callable[[str, str, bytes], None], run: Run, tmp_path: Path
) -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    image = Image(height=4, width=6, encoding="rgb8", step=18, data=pixels.tobytes())
    repeated("/picture", IMAGE, messages.serialize(image))
    run("echo", "picture", "--image", str(tmp_path / "picture.png"))
    with Picture.open(tmp_path / "picture.png") as written:
        assert np.array_equal(np.asarray(written), pixels)


def test_parameters(toy: tuple[Process, Shell], run: Run) -> None:
    assert run("param", "get", "toy", "volume") == "Integer value is: 1\n"
    assert run("param", "set", "/toy", "volume", "4") == "Set parameter successful\n"
    assert run("param", "get", "toy", "volume") == "Integer value is: 4\n"
    assert "from 1 to 9" in run("param", "set", "toy", "volume", "40", code=1)
    assert "is 'volume' meant" in run("param", "get", "toy", "volum", code=1)
    assert "expected one of /toy" in run("param", "get", "tpy", "volume", code=1)
    assert run("param", "list", "toy").split() == sorted(
        ["count", "fixed", "gain", "mode", "names", "prefix", "volume"]
    )
    assert run("param", "list").startswith("/toy:\n  count\n")
    described = run("param", "describe", "toy", "mode")
    assert "  Type: string\n  Description: A choice.\n" in described
    assert "Takes: one of slow, fast" in described


def test_services(toy: tuple[Process, Shell], run: Run, stack: ExitStack) -> None:
    heard = toy[0].hear("/echo")
    said = run("call", "text", "{data: called}")
    assert said.startswith("requester: making request: ")
    assert said.endswith("response:\ntoy_interfaces.srv.Say_Response()\n")
    assert heard.get(timeout=PATIENCE) == messages.serialize(String(data="> called"))
    assert "has no field 'date'" in run("call", "text", "{date: x}", code=1)
    assert "is '/text' meant" in run("call", "/test", code=1)


def test_what_a_service_answers() -> None:
    # as rclpy writes it: std_srvs.srv.Trigger.Response(success=False, message="not now")
    answer = bytes.fromhex("00010000 00000000 08000000") + b"not now\0"
    said = services.outcome("std_srvs/srv/Trigger", answer)
    assert said == "std_srvs.srv.Trigger_Response(success=False, message='not now')"
    yes = bytes.fromhex("00010000 01000000 01000000 00")
    said = services.outcome("std_srvs/srv/SetBool", yes)
    assert said == "std_srvs.srv.SetBool_Response(success=True, message='')"
    for end in range(len(answer)):  # whatever comes
        services.outcome("std_srvs/srv/Trigger", answer[:end])


def test_tab_completes_what_runs(toy: tuple[Process, Shell], tmp_path: Path) -> None:
    expected = {"echo /ec": "/echo", "call /t": "/text", "param set /toy vo": "volume"}
    asked = {}
    for number, line in enumerate(expected):
        words, written = f"edge-robot {line}", tmp_path / str(number)
        environment = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(written),
            "COMP_LINE": words,
            "COMP_POINT": str(len(words)),
        }
        program = [sys.executable, "-m", "edge_perception.cli"]
        asked[line] = written, subprocess.Popen(program, env={**os.environ, **environment})
    for line, (written, process) in asked.items():
        process.wait(3 * PATIENCE)
        assert written.read_text().strip() == expected[line]


def test_without_a_robot(run: Run) -> None:
    assert "no robot runs here" in run("topics", code=1)


def test_a_folder_of_somebody_else_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path))
    for command in (("ps",), ("echo", "words")):
        assert run(*command, code=1).startswith(f"error: {tmp_path} is no folder of this user's")


def test_messages_as_yaml_and_back() -> None:
    imu = Imu()
    imu.linear_acceleration.z = 9.81
    shown = yaml.safe_load(as_yaml(imu))
    assert shown["linear_acceleration"] == {"x": 0.0, "y": 0.0, "z": 9.81}
    assert shown["orientation_covariance"] == [0.0] * 9
    image = Image(data=bytes(200))
    assert yaml.safe_load(as_yaml(image))["data"] == [0] * 128 + ["..."]
    assert len(yaml.safe_load(as_yaml(image, whole=True))["data"]) == 200
    assert "<sequence type: uint8, length: 200>" in as_yaml(image, arrays=False)
    pose = from_yaml("geometry_msgs/msg/PoseStamped", "{pose: {position: {x: 1}}}")
    expected = PoseStamped()
    expected.pose.position.x = 1.0
    assert messages.serialize(pose) == messages.serialize(expected)
    for wrong in ("[", "[1]", "{pose: 3}"):
        with pytest.raises(MessageError):
            from_yaml("geometry_msgs/msg/PoseStamped", wrong)
