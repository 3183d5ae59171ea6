"""What the viewer is given of a bag, read back by the viewer's own library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys

from bags import BEGIN, drive, picture, write
import pytest

from edge_perception.commands import main
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Decision, Detection, DetectionArray, Header

pytest.importorskip("rerun")


def test_pictures_boxes_path_and_decisions_are_shown(tmp_path: Path) -> None:
    said = list(drive(2.0))
    for index in range(20):
        stamp = BEGIN + index * SECOND // 10
        header = Header(stamp=to_time(stamp), frame_id="camera")
        seen = DetectionArray(header=header, image_width=40, image_height=30)
        seen.detections = [Detection(label="cat", has_box=True, width=9.0, height=9.0)]
        said.append((stamp + 8_000_000, "/detections", seen))
        action = "stop" if index >= 10 else "go"
        said.append((stamp + 9_000_000, "/decision", Decision(header=header, action=action)))
    said.sort(key=lambda one: one[0])
    bag, out = write(tmp_path / "bag", said, types=True), tmp_path / "a.rrd"
    assert main(["view", str(bag), f"--save={out}"]) == 0
    assert_shown(
        out,
        "/camera/camera/image_raw",
        "/camera/seen",
        "/decision/action",
        "/decision/reason",
        "/ground/robot/odom",
        "/ground/path/odom/0",
    )


def test_a_viewer_is_shown_what_comes(tmp_path: Path) -> None:
    from edge_perception.views.scene import Scene

    out = tmp_path / "a.rrd"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rerun", "--bind", "127.0.0.1", "--port", str(port)]
    viewer = subprocess.Popen([*command, "--save", str(out)], env={**os.environ, "CI": "true"})
    try:
        with socket.socket() as tried:
            while tried.connect_ex(("127.0.0.1", port)):
                assert viewer.poll() is None
        scene = Scene(f"rerun+http://127.0.0.1:{port}/proxy")
        scene.add(BEGIN, "/camera/image_raw", picture("red", BEGIN))
        scene.add(BEGIN, "/decision", Decision(action="stop"))
        scene.close()
    finally:
        viewer.send_signal(signal.SIGINT)
        viewer.wait(60)
    assert_shown(out, "/camera/camera/image_raw", "/decision/action")


def test_a_replay_is_shown_until_the_viewer_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_perception.replay import view_command

    shown: list[str] = []

    class Shown:
        def __init__(self, address: str) -> None:
            assert address.startswith("rerun+http://127.0.0.1:")

        def show(self, time: int, topic: str, kind: str, data: bytes) -> None:
            shown.append(topic)

        def close(self) -> None:
            shown.append("closed")

    @contextmanager
    def viewer(port: int, web: int | None) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
            yield process

    monkeypatch.setattr(view_command, "Scene", Shown)
    monkeypatch.setattr(view_command, "_viewer", viewer)
    monkeypatch.setattr(view_command, "_until_closed", lambda viewer: shown.append("waited"))
    said = [*drive(0.5), (BEGIN + 8_000_000, "/detections", DetectionArray())]
    bag = write(tmp_path / "bag", sorted(said, key=lambda one: one[0]), types=True)
    assert main(["replay", str(bag), "--view", "--from-bag=perception"]) == 0
    assert {"/camera/image_raw", "/odom", "/decision"} <= set(shown)
    assert shown[-2:] == ["closed", "waited"]


def assert_shown(recording: Path, *entities: str) -> None:
    command = [sys.executable, "-m", "rerun", "rrd", "print", "-v", str(recording)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=180).stdout
    for entity in entities:
        assert f" {entity}" in printed or f'"{entity}"' in printed, printed
