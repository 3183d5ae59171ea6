"""Serial lines, logs, simulations, GPIO lines and the stored bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
import errno
import math
import os
from pathlib import Path
import re
import tty

from fake_i2c import FakeClock
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import yaml

from edge_perception import messages
from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.bias import BiasStoreError, StoredBias
from edge_perception.core.imu.source import Batch, ImuRequest
from edge_perception.core.parameters import Parameters
from edge_perception.core.source import Skipped, SourceError, SourceFinished
from edge_perception.core.wheels.geometry import Dimensions, GEOMETRIES
from edge_perception.core.wheels.parameters import PARAMETERS, WheelParameters
from edge_perception.core.wheels.source import WheelReading, WheelRequest
from edge_perception.drivers import columns
from edge_perception.drivers.drive import Drive
from edge_perception.drivers.imu import open_imu
from edge_perception.drivers.imu.bias_file import BiasFiles
from edge_perception.drivers.imu.log import open_log
from edge_perception.drivers.imu.simulated import open_simulated
from edge_perception.drivers.serial_lines import LineError, LineFormat, read_format
from edge_perception.drivers.wheels import open_wheels
from edge_perception.drivers.wheels import simulated as wheels_simulated
from edge_perception.drivers.wheels.gpio import open_gpio
from edge_perception.share import share_dir

HEADINGS = [f"gyroscope {a} [deg/s]" for a in "xyz"] + [f"accelerometer {a} [g]" for a in "xyz"]
WISH = ImuRequest()
SIZE = Dimensions(0.1, 0.4, 0.6)
TWO = WheelRequest(["left", "right"], 50.0, 1000.0, SIZE, GEOMETRIES["differential"])
Imu = messages.get("sensor_msgs/msg/Imu")


@pytest.fixture
def line(tmp_path: Path) -> tuple[int, Callable[..., Path]]:
    """Return the far end of a serial line, and a function that describes its format."""
    far, near = os.openpty()
    tty.setraw(near)
    port = os.ttyname(near)

    def describe(names: Sequence[str], **keys: object) -> Path:
        content = {"port": port, "columns": list(names), **keys}
        path = tmp_path / "format.yaml"
        path.write_text("\n".join(f"{key}: {value!r}" for key, value in content.items()))
        return path

    return far, describe


def test_imu_on_a_serial_line(line: tuple[int, Callable[..., Path]]) -> None:
    far, describe = line
    source = open_imu(f"serial:{describe(['-', *HEADINGS], prefix='IMU', rate=100)}")
    assert source.rate == 100
    os.write(far, b"3,1.0\nGPS,5\nIMU,77,180,0,-90,0,0,1\nIMU,78,0,0,0")
    batch = source.read(1.0)
    assert isinstance(batch, Batch)
    [sample] = batch.samples
    np.testing.assert_allclose(sample.angular_velocity, [math.pi, 0, -math.pi / 2])
    np.testing.assert_allclose(sample.linear_acceleration, [0, 0, GRAVITY])
    assert source.read(0.05) is None
    os.write(far, b",0,0,1\n")
    assert isinstance(source.read(1.0), Batch)
    os.write(far, b"IMU,79,zero,0,0,0,0,1\n")
    skipped = source.read(1.0)
    assert isinstance(skipped, Skipped)
    assert "zero" in skipped.reason
    source.close()


def test_a_serial_line_that_is_pulled_is_lost(line: tuple[int, Callable[..., Path]]) -> None:
    far, describe = line
    path = describe(["left [ticks]", "right [ticks]"])
    source = open_wheels(f"serial:{path}", TWO)
    os.write(far, b"x\n100 , -7\n")
    readings = source.read(1.0)
    assert isinstance(readings, Sequence)
    assert readings[0].counts == {"left": 100, "right": -7}
    os.close(far)
    with pytest.raises(SourceError, match="is lost"):
        source.read(1.0)
    source.close()
    with pytest.raises(SourceError, match=r"can't be opened .* dialout"):
        open_wheels(f"serial:{describe(['left [ticks]', 'right [ticks]'], port='/none')}", TWO)


def form(path: Path) -> LineFormat:
    return read_format(path, columns.IMU, columns.IMU_REQUIRED)


def test_checksums_are_checked(line: tuple[int, Callable[..., Path]]) -> None:
    path = line[1](HEADINGS, checksum="nmea")
    text = "1,2,3,4,5,6"
    total = 0
    for byte in text.encode():
        total ^= byte
    assert form(path).read(f"${text}*{total:02X}\r\n".encode()) is not None
    with pytest.raises(LineError, match="wrong checksum"):
        form(path).read(f"$1,2,3,4,5,7*{total:02X}".encode())
    with pytest.raises(LineError, match="no checksum"):
        form(path).read(text.encode())


@given(st.binary(max_size=100))
def test_any_line_is_read_or_refused(data: bytes) -> None:
    known = columns.Columns(HEADINGS, columns.IMU, columns.IMU_REQUIRED)
    for checksum in ("none", "nmea"):
        with suppress(LineError):
            LineFormat("port", 9600, 0.0, ",", "", checksum, known).read(data)


@pytest.mark.parametrize(
    ("names", "keys", "reason"),
    [
        (HEADINGS[:5], {}, "there is no column for accelerometer z"),
        ([*HEADINGS, "colour [1]"], {}, "the column 'colour [1]' is unknown"),
        ([*HEADINGS[:5], "accelerometer z [lb]"], {}, "has the unit 'lb', expected one of m/s2"),
        ([*HEADINGS, HEADINGS[0]], {}, "there are two columns for gyroscope x"),
        (HEADINGS, {"checksum": "crc"}, "unknown checksum 'crc'"),
        (HEADINGS, {"bauds": 9600}, "unknown key 'bauds'"),
    ],
)
def test_mistakes_in_a_format_are_explained(
    line: tuple[int, Callable[..., Path]], names: list[str], keys: dict[str, object], reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        form(line[1](names, **keys))
    assert reason in str(caught.value)
    assert "format.yaml, line" in str(caught.value)


def test_raw_digits_have_a_factor() -> None:
    one = columns.Columns(["gyroscope x [0.5 deg/s]"], columns.IMU, ())
    assert one.read(["4"]) == {"gyroscope x": pytest.approx(math.radians(2))}


def csv_log(path: Path, rows: int = 10) -> Path:
    lines = [",".join(["time [ms]", *HEADINGS])]
    lines += [f"{1000 + 10 * row},{row},0,0,0,0,1" for row in range(rows)]
    path.write_text("\n".join(lines))
    return path


def replayed(path: Path) -> tuple[FakeClock, list[Batch]]:
    clock, found = FakeClock(), []
    source = open_log(str(path), WISH, clock)
    assert source.rate == pytest.approx(100)
    with suppress(SourceFinished):
        while True:
            batch = source.read(0.4)
            assert isinstance(batch, Batch | None)
            found += [batch] if batch else []
    return clock, found


def test_a_log_is_replayed_at_its_own_pace_with_present_stamps(tmp_path: Path) -> None:
    clock, batches = replayed(csv_log(tmp_path / "log.csv"))
    samples = [sample for batch in batches for sample in batch.samples]
    assert [sample.angular_velocity[0] for sample in samples] == pytest.approx(
        np.radians(np.arange(10))
    )
    stamps = [sample.stamp for sample in samples]
    assert set(np.diff(stamps)) == {10_000_000}
    assert stamps[-1] == clock.time()


def test_a_bag_is_replayed(tmp_path: Path) -> None:
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    typesys = pytest.importorskip("rosbags.typesys")
    path = tmp_path / "bag"
    store = typesys.get_typestore(typesys.Stores.ROS2_KILTED)
    with rosbag2.Writer(path, version=9) as writer:
        topic = writer.add_connection("/imu/data", "sensor_msgs/msg/Imu", typestore=store)
        for row in range(10):
            message = Imu(orientation_covariance=np.array([-1.0] + [0.0] * 8))
            message.header.stamp.nanosec = 10_000_000 * row
            message.angular_velocity.x = float(row)
            writer.write(topic, 10_000_000 * row, messages.serialize(message))
    _, batches = replayed(path)
    samples = [sample for batch in batches for sample in batch.samples]
    assert [sample.angular_velocity[0] for sample in samples] == list(range(10))
    assert samples[0].orientation is None


def test_mistakes_in_a_log_are_explained(tmp_path: Path) -> None:
    path = csv_log(tmp_path / "log.csv")
    path.write_text(path.read_text() + "\n1200,1,2\n")
    with pytest.raises(SourceError, match=r"log\.csv, line 12: 3 columns, expected 7"):
        open_log(str(path), WISH)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"line 1: the column 'a' is unknown"):
        open_log(str(path), WISH)
    with pytest.raises(SourceError, match=r"has 1 measurements, expected two or more"):
        open_log(str(csv_log(path, rows=1)), WISH)
    (tmp_path / "empty.mcap").write_bytes(b"no bag")
    with pytest.raises(SourceError, match="can't be read"):
        open_log(str(tmp_path / "empty.mcap"), WISH)
    with pytest.raises(SourceError, match=r"the IMU source 'nothing' does not exist; give one of"):
        open_imu("nothing")


def test_simulated_imu_measures_the_drive_with_errors() -> None:
    clock = FakeClock()
    source = open_simulated("simulated:radius=2,speed=1,still=1", WISH, clock)
    samples = []
    while clock.now < 15e9:
        batch = source.read(0.4)
        assert isinstance(batch, Batch)
        samples += batch.samples
    turning = np.array([sample.angular_velocity[2] for sample in samples])
    pushing = np.array([sample.linear_acceleration for sample in samples])
    begin, driving = slice(0, 190), slice(450, None)
    assert turning[driving].mean() - turning[begin].mean() == pytest.approx(0.5, rel=0.01)
    assert (pushing[driving] - pushing[begin].mean(0)).mean(0) == pytest.approx(
        [0, 0.5, 0], abs=0.02
    )
    assert 0 < turning[begin].std() < 0.01


def test_measurements_that_may_wait_come_together_with_their_own_times() -> None:
    clock = FakeClock()
    source = open_simulated("simulated", ImuRequest(delay=0.01), clock)
    for _ in range(10):
        batch = source.read(0.4)
        assert isinstance(batch, Batch)
        stamps = [sample.stamp for sample in batch.samples]
        assert np.diff(stamps).tolist() == [5_000_000, 5_000_000]
        assert stamps[-1] == clock.time()


def test_what_nobody_read_for_long_is_lost() -> None:
    clock = FakeClock()
    source = open_simulated("simulated", WISH, clock)
    source.read(0.4)
    clock.sleep(3.0)
    batch = source.read(0.4)
    assert isinstance(batch, Batch)
    assert batch.lost == pytest.approx(400, abs=10)
    assert len(batch.samples) == pytest.approx(200, abs=10)


@pytest.mark.parametrize(
    ("spec", "value"), [("simulated:radius=x", "radius=x"), ("simulated:mass=1", "mass=1")]
)
def test_a_drive_that_is_none_is_explained(spec: str, value: str) -> None:
    with pytest.raises(SourceError, match=f"'{value}' in .* with numbers for radius, speed"):
        open_imu(spec)


@pytest.mark.parametrize("kind", list(GEOMETRIES))
def test_simulated_wheels_drive_the_circle(kind: str) -> None:
    geometry = GEOMETRIES[kind]
    wish = WheelRequest(list(geometry.encoders), 50.0, 1000.0, SIZE, geometry)
    drive = Drive(radius=2.0, speed=1.0, still=0.0)
    items = wheels_simulated.counts(drive, wish)
    x = y = heading = 0.0
    _, before = next(items)
    for _ in range(500):
        at, after = next(items)
        angles = [
            after[name] if name == "steering" else (after[name] - before[name]) / 1000
            for name in geometry.encoders
        ]
        motion = geometry.motion(angles, SIZE)
        forward, left = motion.displacement()
        x += forward * math.cos(heading) - left * math.sin(heading)
        y += forward * math.sin(heading) + left * math.cos(heading)
        heading += motion.turn
        before = after
    turned = (at / 1e9 - 0.5) / 2.0  # at 1 m/s on a circle of 2 m, sped up within the first second
    truth = 2 * math.sin(turned), 2 * (1 - math.cos(turned)), turned
    assert (x, y, heading) == pytest.approx(truth, abs=0.005)


class FakeLines:
    """GPIO lines with edges that a test makes."""

    def __init__(self) -> None:
        self.state: dict[int, bool] = {}
        self.queue: list[tuple[int, bool]] = []
        self.failure: OSError | None = None

    def open(self, chip: str, lines: Sequence[int]) -> FakeLines:
        self.state = dict.fromkeys(lines, False)
        return self

    def levels(self) -> Mapping[int, bool]:
        return self.state

    def wait(self, seconds: float) -> bool:
        if self.failure:
            raise self.failure
        if not self.queue and seconds:
            self.clock.sleep(seconds)
        return bool(self.queue)

    def edges(self) -> Sequence[tuple[int, bool]]:
        edges, self.queue = self.queue, []
        return edges

    def close(self) -> None:
        pass

    def turn(self, a: int, b: int, steps: int) -> None:
        """Make the edges of a wheel that turns."""
        for _ in range(abs(steps)):
            same = self.state[a] == self.state[b]
            line = a if same == (steps > 0) else b
            self.state[line] = not self.state[line]
            self.queue.append((line, self.state[line]))

    clock: FakeClock


def test_quadrature_is_counted_in_both_directions() -> None:
    lines, clock = FakeLines(), FakeClock()
    lines.clock = clock
    source = open_gpio("gpio:/dev/gpiochip0:17,27,23,24", TWO, lines.open, clock)
    lines.turn(17, 27, 41)
    lines.turn(23, 24, -7)
    found: list[WheelReading] = []
    for _ in range(3):
        found += source.read(0.4) or []
    assert found[-1].counts == {"left": 41.0, "right": -7.0}
    assert found[-1].stamp - found[-2].stamp == 20_000_000
    lines.turn(17, 27, -41)
    found += source.read(0.4) or []
    assert found[-1].counts["left"] == 0
    lines.failure = OSError(errno.ENODEV, "No such device")
    with pytest.raises(SourceError, match="the GPIO lines of /dev/gpiochip0 are lost"):
        source.read(0.4)


@pytest.mark.parametrize("spec", ["gpio:", "gpio:/dev/gpiochip0:1,2,3", "gpio:chip:1,2,3,3"])
def test_lines_that_do_not_fit_are_explained(spec: str) -> None:
    with pytest.raises(SourceError, match="4 different lines, A and B of each of left, right"):
        open_wheels(spec, TWO)


def test_a_chip_that_does_not_exist_is_explained() -> None:
    pytest.importorskip("gpiod")
    with pytest.raises(SourceError, match="there is no such chip, see gpiodetect"):
        open_wheels("gpio:/dev/gpiochip99:1,2,3,4", TWO)


def test_a_bias_survives_a_restart_and_damage_is_reported(tmp_path: Path) -> None:
    bias = StoredBias((0.1, -0.2, 0.3), 123)
    assert BiasFiles(tmp_path).load("mpu:1:0x68") is None
    BiasFiles(tmp_path).save("mpu:1:0x68", bias)
    assert BiasFiles(tmp_path).load("mpu:1:0x68") == bias
    [path] = tmp_path.iterdir()  # no temporary file is left
    large = [path.read_text().replace(one, f"1{400 * '0'}") for one in ("0.3", "123")]
    large.append(path.read_text().replace("123", "1e400"))
    for damage in (
        "",
        "{",
        '{"source": "mpu:1:0x68"}',
        path.read_text().replace("0.3", "NaN"),
        *large,
    ):
        path.write_text(damage)
        with pytest.raises(BiasStoreError, match="is replaced at the next calibration"):
            BiasFiles(tmp_path).load("mpu:1:0x68")


def test_a_bias_that_can_not_be_saved_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BiasStoreError, match="make the folder writable"):
        BiasFiles(tmp_path / "file").save("mpu:1", StoredBias((0.0, 0.0, 0.0), 1))


def test_the_bias_is_kept_in_the_users_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    BiasFiles().save("mpu:1", StoredBias((0.0, 0.0, 0.0), 1))
    assert (tmp_path / "edge_perception" / "imu_bias_mpu_1.json").is_file()


def test_the_format_in_the_guide_is_right(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(port:.*?)```", guide("imu.md"), re.DOTALL)
    (tmp_path / "imu.yaml").write_text(example)
    found = form(tmp_path / "imu.yaml")
    values = found.read(b"IMU,5,0,0,1000,10,0,0*48")
    assert values is not None
    assert values["accelerometer z"] == pytest.approx(GRAVITY)
    assert values["gyroscope x"] == pytest.approx(math.radians(0.61))
    [headings] = re.findall(r"^time \[s\],.*$", guide("imu.md"), re.MULTILINE)
    (tmp_path / "log.csv").write_text(headings + "\n0,0,0,0,0,0,1\n0.01,0,0,0,0,0,1\n")
    assert open_log(str(tmp_path / "log.csv"), WISH).rate == pytest.approx(100)


def test_the_robot_in_the_guide_is_right() -> None:
    [example] = re.findall(r"```yaml\n(/wheels:.*?)```", guide("wheels.md"), re.DOTALL)
    given = yaml.safe_load(example)["/wheels"]["ros__parameters"]
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    assert {name: type(value) for name, value in given.items()} == {
        name: type(defaults[name]) for name in given
    }
    assert WheelParameters.read(Parameters(PARAMETERS, given)).counter_bits == 16


def guide(name: str) -> str:
    return (share_dir() / "docs" / name).read_text()
