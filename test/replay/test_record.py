"""Recordings: what is in them, and where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import io
from pathlib import Path
import random
import resource
import shutil
import subprocess
import sys
import time

from bags import BEGIN, picture, read
from complaints import complaints
from PIL import Image
import pytest

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError, Topic
from edge_perception.bags.recorder import Limits, Recorder, RESERVE
from edge_perception.bags.recorder_core import RecorderCore
from edge_perception.core.node import Port
from edge_perception.core.stamps import SECOND
from edge_perception.replay import guest
from edge_perception.replay.record_command import Recording
from edge_perception.transport.local.bus import Bus, End

TOPIC = Topic("/camera/image_raw", "sensor_msgs/msg/Image")
PICTURE = messages.serialize(picture("red", BEGIN))
EDGE_ROBOT = [sys.executable, "-m", "edge_perception.cli"]
PATIENCE = 120.0


def record(folder: Path, limits: Limits, count: int = 1000) -> Recorder:
    """Record pictures, ten a second."""
    recorder = Recorder(folder, limits, {"who": "me"})
    for index in range(count):
        recorder.write(BEGIN + index * SECOND // 10, TOPIC, PICTURE)
    recorder.close()
    return recorder


def test_another_tool_reads_a_recording(tmp_path: Path) -> None:
    record(tmp_path / "bag", Limits(), 30)
    assert read(tmp_path / "bag") == [
        (BEGIN + index * SECOND // 10, TOPIC.name, PICTURE) for index in range(30)
    ]
    bag = Bag(tmp_path / "bag")
    assert len(list(bag.records())) == 30
    assert list(bag.problems) == []
    with pytest.raises(BagError, match="can't be made: File exists"):
        Recorder(tmp_path / "bag", Limits(), {})


def test_limits_end_a_recording(tmp_path: Path) -> None:
    large = record(tmp_path / "size", Limits(size=100_000))
    assert large.full == "--max-size is reached"
    assert large.size <= 100_000 + len(PICTURE)
    long = record(tmp_path / "time", Limits(seconds=5))
    assert long.full == "--max-duration is reached"
    assert long.seconds == pytest.approx(5, abs=0.11)


@pytest.mark.parametrize("limits", [Limits(100_000, ring=True), Limits(seconds=8, ring=True)])
def test_a_ring_keeps_the_newest(tmp_path: Path, limits: Limits) -> None:
    recorder = record(tmp_path / "bag", limits)
    assert not recorder.full
    times = [time for time, _, _ in read(tmp_path / "bag")]
    assert times[-1] == BEGIN + 999 * SECOND // 10
    assert times == [times[0] + index * SECOND // 10 for index in range(len(times))]
    if limits.size:
        assert 0.8 * limits.size < recorder.size <= limits.size + len(PICTURE)
    else:
        assert 0.8 * limits.seconds < recorder.seconds <= limits.seconds + 0.11
    assert list(Bag(tmp_path / "bag").problems) == []


@pytest.mark.parametrize("size", [len(PICTURE), 50_000_000])
def test_the_disk_is_never_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    free = [shutil.disk_usage(tmp_path)._replace(free=RESERVE)]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free[0])
    recorder = Recorder(tmp_path / "bag", Limits(), {})
    free = [free[0]._replace(free=RESERVE - 1)]
    large = PICTURE + bytes(size - len(PICTURE))
    while not recorder.full:
        recorder.write(BEGIN, TOPIC, large)
        assert recorder.size < RESERVE // 5
    recorder.close()
    assert recorder.full == "less than 1 GB of the disk are free"


def test_a_full_disk_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=RESERVE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(BagError, match="less than 1 GB of the disk are free: make room"):
        Recorder(tmp_path / "bag", Limits(), {})
    assert not (tmp_path / "bag").exists()


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], None]]:
    """Return what lets no file become larger: the system refuses to write, as to a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("after", [0, 100_000])
def test_what_was_recorded_before_others_filled_the_disk_can_be_read(
    tmp_path: Path, small_disk: Callable[[int], None], after: int
) -> None:
    noise = PICTURE + random.Random(1).randbytes(100_000)  # which zstd makes no smaller
    recorder = Recorder(tmp_path / "bag", Limits(), {})
    small_disk(4_000_000)

    def fill() -> None:
        for index in range(1000):
            recorder.write(BEGIN + index, TOPIC, noise)

    with pytest.raises(BagError, match=r"bag_0\.mcap can't be written: File too large"):
        fill()
    small_disk(after)
    with pytest.raises(BagError, match="can't be written"):
        recorder.close()
    assert [path.name for path in (tmp_path / "bag").iterdir()] == ["bag_0.mcap"]
    kept = [record.data for record in Bag(tmp_path / "bag").records()]
    assert len(kept) > 10
    assert set(kept) == {noise}


def test_of_nothing_there_is_no_bag(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "bag", Limits(), {})
    core = RecorderCore(
        [Port("image", TOPIC.type, "a")], recorder, io.StringIO(), lambda why: None
    )
    with pytest.raises(BagError, match="there is no bag: nothing came on a"):
        core.finish()
    assert not (tmp_path / "bag").exists()


def test_a_robot_goes_on_without_its_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = [Port("image", TOPIC.type, "a")]
    core = Recording(tmp_path / "bag", ports, Limits(size=1)).beside_a_robot()
    for now in (BEGIN, BEGIN + SECOND):
        core.step({"image": [picture("red", BEGIN)]}, now)
    assert capsys.readouterr().err == "record: --max-size is reached; no more is recorded\n"
    assert core.finish().startswith("image: 1 messages\n")


@pytest.fixture
def up(tiny_bundle: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """Return the command that starts a robot with one red picture for a camera."""
    Image.new("RGB", (40, 30), (250, 10, 10)).save(tmp_path / "red.png")
    given = [f"--model={tiny_bundle}", f"--camera={tmp_path / 'red.png'}"]
    return lambda *more: [*EDGE_ROBOT, "up", *given, *more]


def test_what_is_published_on_a_bus_is_recorded(tmp_path: Path) -> None:
    bus, recorder = Bus(), Recorder(tmp_path / "bag", Limits(), {})
    port = Port("image", TOPIC.type, "camera/image_raw")
    core = RecorderCore([port], recorder, io.StringIO(), lambda why: None)
    camera = End("/camera", TOPIC.name, TOPIC.type)
    bus.advertise(camera)
    shell = guest.shell(bus, "", core)
    assert shell.configure()
    assert shell.activate()
    for _ in range(10):
        bus.publish(camera, PICTURE)
    while recorder.size < 10 * len(PICTURE):
        time.sleep(0.01)
    shell.clean_up()
    assert core.finish().startswith("/camera/image_raw: 10 messages\n10 messages, ")
    assert [data for _, _, data in read(tmp_path / "bag")] == [PICTURE] * 10


def test_a_robot_in_one_process_records_itself(
    up: Callable[..., list[str]], tmp_path: Path
) -> None:
    bag = tmp_path / "bag"
    command = up("--transport=local", "--once", f"--record={bag}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    assert (bag / "metadata.yaml").exists()


@pytest.mark.ros
def test_a_robot_on_ros_is_recorded(up: Callable[..., list[str]], tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    bag = tmp_path / "bag"
    limits = ["--max-size=0.02", "--topic=camera/image_raw", "--topic=detections"]
    with subprocess.Popen(up(), stdout=subprocess.PIPE, text=True) as robot:
        try:
            assert robot.stdout is not None
            next(line for line in robot.stdout if "go (default" in line)
            done = subprocess.run(
                [*EDGE_ROBOT, "record", str(bag), *limits],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        finally:
            robot.terminate()
            robot.communicate()
    assert done.returncode == 0
    assert "record: --max-size is reached" in done.stderr
    times = {record.topic.name: 0 for record in Bag(bag).records()}
    assert times.keys() == {"/camera/image_raw", "/detections"}
