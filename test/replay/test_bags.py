"""Bags as other tools write them, and damaged ones."""

from __future__ import annotations

from pathlib import Path
import shutil
import sqlite3

from bags import BEGIN, drive, MCAP, picture, read, SQLITE, write
import pytest
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionMode

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.order import in_order
from edge_perception.bags.record import BagError, Problems, Record, Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import DetectionArray

FILE, MESSAGE, STORAGE = CompressionMode.FILE, CompressionMode.MESSAGE, CompressionMode.STORAGE


def taken(bag: Bag) -> list[tuple[int, str, bytes]]:
    return [(record.time, record.topic.name, record.data) for record in bag.records()]


@pytest.mark.parametrize(
    ("storage", "compression"),
    [
        (MCAP, CompressionMode.NONE),
        (MCAP, STORAGE),
        (MCAP, FILE),
        (MCAP, MESSAGE),
        (SQLITE, CompressionMode.NONE),
        (SQLITE, FILE),
        (SQLITE, MESSAGE),
    ],
)
def test_bags_of_another_tool_in_all_forms(
    tmp_path: Path, storage: object, compression: CompressionMode
) -> None:
    said = list(drive())
    bag = Bag(write(tmp_path / "bag", said, storage, compression))  # type: ignore[arg-type]
    assert {topic.name: topic.type for topic in bag.topics()} == {
        "/camera/image_raw": "sensor_msgs/msg/Image",
        "/odom": "nav_msgs/msg/Odometry",
    }
    assert taken(bag) == [(time, name, messages.serialize(one)) for time, name, one in said]
    assert list(bag.problems) == []
    if compression is not FILE:
        assert bag.end() == said[-1][0]


def test_parts_of_a_bag_follow_each_other_with_and_without_metadata(tmp_path: Path) -> None:
    said = list(drive(1.1))
    folder = tmp_path / "bag"
    folder.mkdir()
    for index, (time, topic, message) in enumerate(said):
        part = write(tmp_path / f"part_{index}", [(time, topic, message)])
        shutil.copy(part / f"part_{index}.mcap", folder / f"bag_{index}.mcap")
    bag = Bag(folder)
    assert [time for time, _, _ in taken(bag)] == [time for time, _, _ in said]
    assert list(bag.problems) == []
    assert "metadata.yaml is missing" in bag.remark
    names = "".join(f"\n  - bag_{index}.mcap" for index in range(len(said) + 1))
    (folder / "metadata.yaml").write_text(
        f"rosbag2_bagfile_information:\n  relative_file_paths:{names}\n"
    )
    assert list(Bag(folder).problems) == [
        f"{folder}/bag_{len(said)}.mcap is missing, which metadata.yaml says is part of the bag"
    ]


def test_what_is_written_another_tool_reads(tmp_path: Path) -> None:
    seen = DetectionArray(model="a model")
    writer = BagWriter(tmp_path / "new.mcap", {"inputs": "elsewhere"})
    writer.write(BEGIN, Topic("/detections", seen.__msgtype__), messages.serialize(seen))
    assert list(tmp_path.glob("*.mcap")) == []
    writer.close()
    with AnyReader([tmp_path / "new.mcap"]) as reader:
        [(connection, time, data)] = reader.messages()
        theirs = reader.deserialize(data, connection.msgtype)
    assert (time, connection.topic, theirs.model) == (BEGIN, "/detections", "a model")
    assert Bag(tmp_path / "new.mcap").facts() == {"inputs": "elsewhere"}


@pytest.mark.parametrize("compression", [CompressionMode.NONE, STORAGE])
def test_the_rest_of_a_file_that_was_cut_off_is_used(
    tmp_path: Path, compression: CompressionMode
) -> None:
    folder = write(tmp_path / "bag", drive(), MCAP, compression)
    file = folder / "bag.mcap"
    whole = file.read_bytes()
    everything = taken(Bag(file))
    file.write_bytes(whole[: len(whole) // 2])
    bag = Bag(file)
    assert len(bag.topics()) == 2
    assert bag.end() == 0
    rest = taken(bag)
    assert rest == everything[: len(rest)]
    assert len(rest) > 20
    problems = list(bag.problems)
    assert problems[0].startswith(f"{file} ends within a record, of which ")
    assert problems[1] == f"{file} has no end: it was cut off, or is damaged"


def test_chunks_around_a_damaged_one_are_used(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag.mcap", {})
    topic = Topic("/camera/image_raw", "sensor_msgs/msg/Image")
    for index in range(1200):  # three chunks
        writer.write(BEGIN + index, topic, messages.serialize(picture("red", BEGIN + index)))
    writer.close()
    data = bytearray((tmp_path / "bag.mcap").read_bytes())
    chunks = [at for at in range(len(data) - 4) if data[at : at + 4] == b"\x28\xb5\x2f\xfd"]
    data[chunks[1] + 200] ^= 0xFF
    (tmp_path / "bag.mcap").write_bytes(data)
    bag = Bag(tmp_path / "bag.mcap")
    times = [record.time - BEGIN for record in bag.records()]
    assert times[0] == 0
    assert times[-1] == 1199
    assert 0 < 1200 - len(times) < 400
    [problem] = bag.problems
    assert "is damaged, so its messages are left out" in problem


def test_a_damaged_database_is_used_as_far_as_it_is_whole(tmp_path: Path) -> None:
    file = write(tmp_path / "bag", drive(), SQLITE) / "bag.db3"
    data = bytearray(file.read_bytes())
    data[len(data) * 3 // 4 :] = bytes(len(data) - len(data) * 3 // 4)
    file.write_bytes(data)
    bag = Bag(file)
    assert taken(bag)
    assert all("is damaged" in problem for problem in bag.problems)
    assert len(bag.problems)


def test_time_that_goes_wrong_is_said_and_the_rest_used() -> None:
    topic = Topic("/a", "std_msgs/msg/String")

    def ordered(*seconds: float) -> tuple[list[float], list[str]]:
        problems = Problems()
        records = [Record(BEGIN + round(one * SECOND), topic, b"") for one in seconds]
        kept = [(one.time - BEGIN) / SECOND for one in in_order(records, problems)]
        return kept, list(problems)

    assert ordered(0, 1, 0.5, 2, 3) == ([0, 0.5, 1, 2, 3], [])
    kept, [said] = ordered(0, 1, 2, 5, 1, 6)
    assert kept == [0, 1, 2, 5, 6]
    assert "time goes back by 1.000 s at a message of /a" in said
    kept, [said] = ordered(0, 1, 1e9, 2, 3)
    assert kept == [0, 1, 2, 3]
    assert "far from those around it" in said
    assert ordered(-1e9, 1, 2, 3)[0] == [1, 2, 3]
    kept, [said] = ordered(0, 1, 36000, 36001)
    assert kept == [0, 1, 36000, 36001]
    assert said == "time leaps by 10.0 hours at /a"
    assert ordered(7) == ([7], [])


def test_types_that_are_others_here_are_left_out(tmp_path: Path) -> None:
    file = write(tmp_path / "bag", drive(0.5), SQLITE) / "bag.db3"
    with sqlite3.connect(file) as database:
        database.execute(
            "UPDATE message_definitions SET encoded_message_definition = 'float32 x' "
            "WHERE topic_type = 'nav_msgs/msg/Odometry'"
        )
        database.execute("UPDATE topics SET type = 'a/msg/B' WHERE name = '/camera/image_raw'")
    bag = Bag(file)
    assert taken(bag) == []
    assert list(bag.problems) == [
        "/camera/image_raw (a/msg/B) is left out: there is no message 'a/msg/B': neither "
        "edge_perception nor an installed ROS 2 package defines it; is it spelled right and is "
        "the package's setup file sourced? (and 4 more of the kind)",
        "/odom (nav_msgs/msg/Odometry) is left out: the bag defines nav_msgs/msg/Odometry "
        "otherwise than edge_perception does (and 4 more of the kind)",
    ]


def test_what_is_no_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="there is no such file or folder"):
        Bag(tmp_path / "nowhere")
    with pytest.raises(BagError, match=r"holds no file \*\.mcap or \*\.db3"):
        Bag(tmp_path)
    for name in ("a.mcap", "a.db3"):
        (tmp_path / name).write_bytes(b"no bag at all" * 100)
        with pytest.raises(BagError, match=r"is no (file of MCAP|bag that can be read)"):
            Bag(tmp_path / name).topics()
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BagError, match="is no bag: expected a file"):
        Bag(tmp_path / "a.txt")
    (tmp_path / "a.bag").write_bytes(b"#ROSBAG V2.0\n" + bytes(100))  # as its format begins
    with pytest.raises(BagError, match=r"is a bag of ROS 1: rosbags-convert --src .*a\.bag --dst"):
        Bag(tmp_path / "a.bag")


def test_rosbags_agrees(tmp_path: Path) -> None:
    folder = write(tmp_path / "bag", drive(0.5), MCAP, STORAGE)
    assert taken(Bag(folder)) == read(folder)
