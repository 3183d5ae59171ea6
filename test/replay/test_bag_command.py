"""What the commands on bags say and write."""

from __future__ import annotations

from pathlib import Path
import resource

from bags import BEGIN, drive, read, write
import numpy as np
import PIL.Image
import pytest

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError, Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.commands import main
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import Odometry, PoseStamped
from edge_perception.replay.compose import TRUTH


def test_what_is_in_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = write(tmp_path / "bag", drive())
    assert main(["bag", "info", str(bag)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{bag}: 2.9 s, 0.1 MB, from 2023-11-14 22:13:20 UTC"
    rows = [line.split() for line in lines[2:]]
    assert rows[0][:4] == ["/camera/image_raw", "sensor_msgs/msg/Image", "30", "10.0"]
    assert rows[1][:4] == ["/odom", "nav_msgs/msg/Odometry", "30", "10.0"]


def test_what_is_wrong_with_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = list(drive(0.5))
    assert main(["bag", "check", str(write(tmp_path / "good", said))]) == 0
    printed = capsys.readouterr().out
    assert "it has nothing in place of the camera" not in printed
    unstamped = Odometry()
    other = [(time, "/other", unstamped) for time, _, _ in said[:1]]
    file = write(tmp_path / "bad", [*other, *said[1:]]) / "bad.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 6 // 10])
    assert main(["bag", "check", str(file)]) == 1
    printed = capsys.readouterr().out
    assert "problem: /other carries no time (header.stamp is 0)" in printed
    assert printed.count("problem: ") == 3


def test_a_folder_of_files_alone_is_a_bag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one copies them from a robot; only rosbag2's own player wants more."""
    bag = write(tmp_path / "bag", drive(0.5))
    assert main(["bag", "check", str(bag)]) == 0
    whole = capsys.readouterr().out
    assert "note: " not in whole
    (bag / "metadata.yaml").unlink()
    assert main(["bag", "check", str(bag)]) == 0
    note = "note: metadata.yaml is missing, which ros2 bag play needs: ros2 bag reindex makes it\n"
    assert sorted(capsys.readouterr().out.splitlines(True)) == sorted(
        [*whole.splitlines(True), note]
    )
    assert main(["bag", "info", str(bag)]) == 0
    assert "problem" not in capsys.readouterr().out


def test_a_new_bag_is_named_as_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = str(write(tmp_path / "bag", drive(0.5)))
    for given, made in (("part", "part.mcap"), ("v1.2", "v1.2.mcap"), ("own.mcap", "own.mcap")):
        assert main(["bag", "cut", bag, str(tmp_path / given)]) == 0
        assert capsys.readouterr().out == f"{tmp_path / made}: 10 messages\n"
        assert len(list(Bag(tmp_path / made).records())) == 10
    for given, why in ((tmp_path / "part.db3", "NAME.mcap"), (tmp_path, "is a folder")):
        with pytest.raises(SystemExit):
            main(["bag", "cut", bag, str(given)])
        assert why in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 4


def test_a_part_of_a_bag_is_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "bag", drive())
    out = tmp_path / "part.mcap"
    wanted = ["--begin", "1", "--end", "2", "--topic", "/odom"]
    assert main(["bag", "cut", str(folder), str(out), *wanted]) == 0
    first = BEGIN + 5_000_000
    assert [(one.time, one.topic.name, one.data) for one in Bag(out).records()] == [
        (time, topic, data)
        for time, topic, data in read(folder)
        if topic == "/odom" and first + SECOND <= time < first + 2 * SECOND
    ]
    assert Bag(out).facts()["cut from"].endswith("bag, 1 s to 2 s")
    assert main(["bag", "cut", str(folder), str(out), "--topic", "/nothing"]) == 1
    assert main(["bag", "cut", str(folder), str(tmp_path / "no.mcap"), "--begin", "9"]) == 1
    assert "has nothing from 9 s" in capsys.readouterr().err
    assert not (tmp_path / "no.mcap").exists()


def test_a_single_picture_is_no_film(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PIL.Image.new("RGB", (32, 24)).save(tmp_path / "a.png")
    out = tmp_path / "a.mcap"
    assert main(["bag", "make-demo", str(out), f"--film={tmp_path / 'a.png'}"]) == 1
    assert "a.png is no film: give a video, or a folder of pictures" in capsys.readouterr().err
    assert not out.exists()


def test_a_bag_of_a_film_says_that_it_is_composed(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    for index in range(4):
        PIL.Image.new("RGB", (32, 24), (60 * index, 0, 0)).save(tmp_path / f"film/{index}.png")
    outs = [tmp_path / "a.mcap", tmp_path / "b.mcap"]
    for out in outs:
        assert main(["bag", "make-demo", str(out), f"--film={tmp_path / 'film'}"]) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert "simulated" in Bag(outs[0]).facts()["composite"]
    records = list(Bag(outs[0]).records())
    counts = {record.topic.name: 0 for record in records}
    for record in records:
        counts[record.topic.name] += 1
    assert counts["/camera/image_raw/compressed"] == 4
    assert counts["/imu/data"] == pytest.approx(150, abs=2)
    truth = [
        messages.deserialize(one.data, PoseStamped).pose.position
        for one in records
        if one.topic.name == TRUTH
    ]
    assert np.hypot(truth[-1].x, truth[-1].y - 4.0) == pytest.approx(4.0)  # on the circle


@pytest.mark.parametrize("size", [10, 100_000])
def test_nothing_is_left_of_a_bag_for_which_there_is_no_place(size: int, tmp_path: Path) -> None:
    """A large message meets the limit when it is written, a small one when the file is ended."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(BagError, match=r"a\.mcap can't be written: File too large"):
            _write_noise(tmp_path / "a.mcap", size)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def _write_noise(path: Path, size: int) -> None:
    with BagWriter(path, {}) as writer:
        for time in range(100):
            noise = np.random.default_rng(time).bytes(size)
            writer.write(time, Topic("/a", "std_msgs/msg/String"), noise)
