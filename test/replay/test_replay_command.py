"""A bag through the robot's nodes: the same bytes each time, and what is said of the rest."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
import io
import json
from pathlib import Path
import re
import signal
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

from bags import BEGIN, drive, picture, RULES, Said, SQLITE, write
import PIL.Image
import pytest

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.commands import main
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.messages.types import (
    Decision,
    DetectionArray,
    DiagnosticArray,
    Odometry,
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def said(bag: Path, topic: str, kind: Any) -> list[tuple[int, Any]]:
    """Return what is said on a topic of a bag, and when."""
    return [
        (record.time, messages.deserialize(record.data, kind))
        for record in Bag(bag).records()
        if record.topic.name == topic
    ]


def test_the_same_bag_gives_the_same_bytes(
    tmp_path: Path, tiny_bundle: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write(tmp_path / "bag", drive())
    (tmp_path / "two.yaml").write_text("perception: {ros__parameters: {threads: 2}}")
    outs = []
    for number, more in enumerate(([], ["--params-file", str(tmp_path / "two.yaml")])):
        outs.append(tmp_path / f"{number}.mcap")
        given = ["--model", str(tiny_bundle), "--rules", str(rules), "--out", str(outs[-1])]
        assert main(["replay", str(bag), *given, *more]) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    printed = capsys.readouterr().out
    assert "/camera/image_raw in place of camera" in printed
    assert "/odom in place of wheels" in printed
    assert "played  60 messages, 2.9 s in" in printed
    seen = said(outs[0], "/detections", DetectionArray)
    assert [one.header.stamp for _, one in seen] == [
        message.header.stamp for _, topic, message in drive() if "image" in topic
    ]
    assert [nanoseconds(one.age) for _, one in seen] == [5_000_000] * 30
    decided = said(outs[0], "/decision", Decision)
    judged = {nanoseconds(one.header.stamp): one for _, one in decided if not one.safe}
    assert len(judged) == 30
    for _, one in seen:
        is_red = any(thing.label == "red" for thing in one.detections)
        decision = judged[nanoseconds(one.header.stamp)]
        assert decision.action == ("halt" if is_red else "go")
    facts = Bag(outs[0]).facts()
    assert facts["inputs"] == str(bag / "bag.mcap")


def test_what_is_recorded_is_judged_by_other_rules(
    tmp_path: Path, tiny_bundle: Path, rules: Path
) -> None:
    first, second = tmp_path / "first.mcap", tmp_path / "second.mcap"
    bag = write(tmp_path / "bag", drive(), SQLITE)
    assert main(["replay", str(bag), f"--model={tiny_bundle}", f"--out={first}"]) == 0
    rules.write_text(RULES.replace("red, score: 0.0", "'*'").replace("seen", "anything"))
    given = ["--from-bag", "perception", f"--rules={rules}", f"--out={second}"]
    assert main(["replay", str(first), *given]) == 0
    topics = {topic.name for topic in Bag(second).topics()}
    assert "/decision" in topics
    assert "/detections" not in topics
    decided = [one for _, one in said(second, "/decision", Decision) if not one.safe]
    assert {one.rule for one in decided} <= {"anything", "default"}


def silence(seconds: float) -> Iterable[Said]:
    """Yield a picture, and another after some time."""
    for after in (0.0, seconds):
        time = BEGIN + round(after * SECOND)
        yield time, "/eye", picture("red", time)


def test_silence_of_the_bag_is_that_of_the_robot(
    tmp_path: Path, tiny_bundle: Path, rules: Path
) -> None:
    bag, out = write(tmp_path / "bag", silence(4.0)), tmp_path / "out.mcap"
    given = [f"--model={tiny_bundle}", f"--rules={rules}", f"--out={out}"]
    assert main(["replay", str(bag), *given]) == 0
    decided = said(out, "/decision", Decision)
    assert all(one.safe for time, one in decided if BEGIN + 0.6e9 < time < BEGIN + 4e9)
    assert len(decided) > 39  # it is repeated every tenth of a second
    faults = {
        (one.name, one.message)
        for _, report in said(out, "/diagnostics", DiagnosticArray)
        for one in report.status
        if one.level == 2
    }
    assert (
        "perception: input image",
        "no message comes on /eye although /bag publishes there: does its device deliver?",
    ) in faults


def test_measured_time_shows_what_this_machine_takes(
    tmp_path: Path, tiny_bundle: Path, rules: Path
) -> None:
    bag, out = write(tmp_path / "bag", drive(1.0)), tmp_path / "out.mcap"
    given = [f"--model={tiny_bundle}", f"--rules={rules}", f"--out={out}", "--clock=measured"]
    assert main(["replay", str(bag), *given]) == 0
    for _, one in said(out, "/detections", DetectionArray):
        stages: Mapping[str, float] = {stage.name: stage.milliseconds for stage in one.stages}
        assert 0 < stages["run"] <= nanoseconds(one.age) / 1e6 - stages["wait"]


def test_ctrl_c_keeps_what_is_done(tmp_path: Path, tiny_bundle: Path) -> None:
    bag, out = write(tmp_path / "bag", drive(60.0)), tmp_path / "out.mcap"
    given = [f"--model={tiny_bundle}", f"--out={out}", "--rate=1"]
    command = [sys.executable, "-m", "edge_perception.cli", "replay", str(bag), *given]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("nodes")
    running.send_signal(signal.SIGINT)
    printed, errors = running.communicate(timeout=180)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in printed
    assert Bag(out).facts()["nodes"] == "pose, decision, perception"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--from-bag", "nose"], "no node of the robot is called 'nose'"),
        (["--from-bag", "imu"], "imu can't be taken from the bag, which has no topic of type"),
        (["--topic", "x"], "--topic is 'x'; expected ROBOT=BAG"),
        (["--model", "no.edge"], "no.edge"),
        (["--imu", "simulated", "--model", ""], "a replay has no devices"),
    ],
)
def test_what_can_not_be_replayed(
    tmp_path: Path, more: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write(tmp_path / "bag", drive(0.2))
    assert main(["replay", str(bag), *more]) == 1
    [line] = [one for one in capsys.readouterr().err.splitlines() if one.startswith("error")]
    assert says in line


def test_topics_that_could_be_meant_are_to_be_chosen(
    tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [*drive(0.2, "/left/image"), *drive(0.2, "/right/image")]
    bag = write(tmp_path / "bag", both)
    assert main(["replay", str(bag), f"--model={tiny_bundle}"]) == 1
    assert "choose one by --image-topic /left/image" in capsys.readouterr().err
    for more in (["--image-topic=/left/image"], ["--topic", "camera/image_raw=/right/image"]):
        assert main(["replay", str(bag), f"--model={tiny_bundle}", *more]) == 0
        assert "2 on /detections" in capsys.readouterr().out


def test_a_simulated_robot_is_replayed_in_the_time_of_its_stamps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was recorded by the clock of a machine on which a second of its time took two."""

    def simulated() -> Iterable[Said]:
        for time, topic, message in drive(8.0):
            stamp = nanoseconds(message.header.stamp) - BEGIN + 5 * SECOND
            message.header.stamp = to_time(stamp)
            if topic == "/odom":
                message.twist.twist.linear.x = 1.0
                message.twist.covariance[[0, 7, 14, 21, 28, 35]] = 1e-4
                yield 2 * time - BEGIN, topic, message

    bag, out = write(tmp_path / "bag", simulated()), tmp_path / "out.mcap"
    page = tmp_path / "page.html"
    (tmp_path / "bag.labels.yaml").write_text("pose: /odom\n")
    assert main(["replay", str(bag), f"--out={out}", f"--html={page}"]) == 0
    printed = capsys.readouterr().out
    assert "time    that of the stamps of /odom" in printed
    assert "played  80 messages, 7.9 s in" in printed
    poses = [one for _, one in said(out, "/odometry/filtered", Odometry)]
    assert len(poses) > 70
    first, last = (one.pose.pose.position.x for one in (poses[0], poses[-1]))
    assert last - first == pytest.approx(
        (nanoseconds(poses[-1].header.stamp) - nanoseconds(poses[0].header.stamp)) / SECOND,
        abs=0.1,
    )
    assert page.read_text().count("<svg") == 1
    capsys.readouterr()
    assert main(["replay", str(bag), f"--html={page / 'a.html'}"]) == 1
    assert f"{page / 'a.html'} can't be written: " in capsys.readouterr().err


EXPECTED = """
version: 1
hold: [halt]
expect: {time_to_stop: {max: 0.2}, time_to_resume: {max: 0.2}, hold: {min: 80}, drops: {max: 0}}
"""


def test_numbers_are_judged_for_people_and_programs(
    tmp_path: Path, tiny_bundle: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It holds always, by a rule on every label, and ought to go on after two seconds."""
    rules.write_text(RULES.replace("label: red", "label: '*'"))
    bag = write(tmp_path / "bag", drive())
    (tmp_path / "expect.yaml").write_text(EXPECTED)
    (tmp_path / "bag.labels.yaml").write_text("hold: [[0, 2]]\npose: /odom\n")
    given = [f"--model={tiny_bundle}", f"--rules={rules}", f"--expect={tmp_path / 'expect.yaml'}"]
    files = [f"--{form}={tmp_path / f'a.{form}'}" for form in ("json", "junit", "html")]
    assert main(["replay", str(bag), *given, *files]) == 3
    table = capsys.readouterr().out
    assert re.search(r"^hold +100\.0 % +>= 80 +ok", table, re.MULTILINE)
    assert re.search(r"^time_to_resume +0\.9\d\d s +<= 0.2 +WRONG", table, re.MULTILINE)
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["wrong"] == ["time_to_resume"]
    assert data["numbers"]["drops"] == 0
    assert data["expected"]["hold"] == {"min": 80}
    suite = ElementTree.parse(tmp_path / "a.junit").getroot()[0]
    page = (tmp_path / "a.html").read_text()
    assert page.count("<svg") == 3
    assert "</span>halt" in page  # what a colour means can be read without pointing at it
    assert "<script" not in page
    assert "http" not in page
    [picture] = re.findall(r'<img alt="halt: .*?" src="data:image/jpeg;base64,(.*?)"', page)[:1]
    with PIL.Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert image.size == (40, 30)
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["time_to_resume"]
