"""What the viewer is given of a robot at work, and what is said where there is no viewer."""

from __future__ import annotations

from dataclasses import dataclass, field
import sys
from typing import Any

import pytest

from edge_perception.commands import main
from edge_perception.core.node import Port
from edge_perception.core.parameters import Parameters
from edge_perception.messages.types import Decision, Image
from edge_perception.views.view_core import ViewCore

PORTS = [
    Port("a", "sensor_msgs/msg/Image", "camera/image_raw", sole=True),
    Port("b", "edge_perception/msg/Decision", "decision"),
    Port("c", "std_msgs/msg/String", "labels"),
]


@dataclass
class FakeScene:
    """Notes what it is to show; strings are not shown."""

    shown: list[tuple[int, str, Any]] = field(default_factory=list)
    is_ended: bool = False

    def shows(self, kind: str) -> bool:
        return kind != "std_msgs/msg/String"

    def add(self, time: int, topic: str, message: Any) -> None:
        self.shown.append((time, topic, message))

    def close(self) -> None:
        self.is_ended = True


def test_what_comes_is_shown_until_the_viewer_is_closed() -> None:
    scene, closed, ended = FakeScene(), [False], [False]

    def end() -> None:
        ended[0] = True

    core = ViewCore(PORTS, scene, lambda: closed[0], end)  # type: ignore[arg-type]
    ports = core.ports(Parameters(()))
    assert [(one.topic, one.sole, one.optional) for one in ports.inputs] == [
        ("camera/image_raw", False, True),
        ("decision", False, True),
    ]
    assert ports.outputs == ()
    core.topics = {"a": "/camera/image_raw", "b": "/decision"}
    picture, decision = Image(), Decision(action="stop")
    assert core.step({"a": [picture], "b": [decision]}, 7) == ()
    assert scene.shown == [(7, "/camera/image_raw", picture), (7, "/decision", decision)]
    assert not ended[0]
    core.close()
    assert scene.is_ended
    closed[0] = True
    core.step({}, 8)
    assert ended[0]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["watch", "--view"], "edge-robot watch without --view shows the robot on the terminal"),
        (["replay", "a.mcap", "--view"], "edge-robot replay BAG --html FILE writes a page"),
        (["view", "a.mcap"], "edge-robot replay BAG --html FILE writes a page"),
    ],
)
def test_without_the_viewer_another_view_is_named(
    command: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    for name in ("edge_perception.replay.view_command", "edge_perception.views.scene"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert main(command) == 1
    told = capsys.readouterr().err
    assert "pip install rerun-sdk" in told
    assert says in told
