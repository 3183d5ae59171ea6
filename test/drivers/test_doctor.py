"""What is said of a machine: one that has all, one that lacks all."""

from __future__ import annotations

from collections.abc import Callable
import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

from fake_i2c import FakeBno055, FakeBus, FakeClock, FakeMpu
from fake_v4l2 import FakeCamera
import pytest

from edge_perception.commands import main
from edge_perception.core.source import SourceError
from edge_perception.drivers import v4l2_abi as abi
from edge_perception.share import share_dir
from edge_perception.tools.doctor import examine, Finding, Machine, table

GOOD = {
    "dev/video0": "",
    "dev/i2c-1": "",
    "dev/ttyUSB0": "",
    "dev/gpiochip0": "",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nSwapTotal: 0 kB\n",
    "proc/sys/net/core/rmem_max": "16777216\n",
    "proc/sys/net/ipv4/ipfrag_high_thresh": "134217728\n",
}
BAD = {
    **GOOD,
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    "proc/meminfo": "MemTotal: 500000 kB\nMemAvailable: 90000 kB\n"
    "SwapTotal: 100000 kB\nSwapFree: 50000 kB\n",
    "proc/sys/net/core/rmem_max": "212992\n",
}


def machine(
    root: Path, files: dict[str, str], camera: FakeCamera, timed: bool, bus: FakeBus | None = None
) -> Machine:
    (root / "dev/shm").mkdir(parents=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    def open_bus(number: int) -> FakeBus:
        if bus is None:
            raise SourceError("I2C needs the package smbus2")
        return bus

    return Machine(root, camera, 4, lambda: timed, open_bus)


def left(blocks: int) -> Callable[[Path], SimpleNamespace]:
    """Return what says of any file system that so many MiB are left."""
    return lambda path: SimpleNamespace(f_bavail=blocks, f_frsize=1 << 20)


def test_a_machine_that_has_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", left(1024))
    camera = FakeCamera()
    found = examine(machine(tmp_path, GOOD, camera, True))
    assert not any(one.remedy for one in found)
    assert not camera.is_open
    assert [one.found for one in found if one.part == "camera video0"] == [
        "Fake UVC camera: camera:=/dev/video0",
        "YUYV: 320x240, 640x480 at 30, 15 a second; 1280x720 at 10, 5 a second",
        "MJPG: 320x240, 640x480, 1280x720 at 30, 15 a second",
    ]
    assert Finding("I2C", "/dev/i2c-1") in found
    assert Finding("clock", "synchronised") in found
    assert "->" not in table(found)


def test_a_machine_that_lacks_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Barred(FakeCamera):
        def open(self, path: str) -> int:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "statvfs", left(64))
    found = examine(machine(tmp_path, BAD, Barred(), False))
    remedies = {one.part: one.remedy for one in found if one.remedy}
    assert remedies["camera video0"] == "sudo usermod -aG video $USER, then log in again"
    assert remedies["I2C"] == "sudo usermod -aG i2c $USER, then log in again"
    assert remedies["clock"].endswith("sudo timedatectl set-ntp true")
    assert "apt-get install" in remedies["clock"]
    assert "swapoff" in remedies["swap"]
    assert "net.core.rmem_max=4194304 |" in remedies["DDS"]  # the other limit is high enough
    assert "<receiveBufferSize>4194304<" in (share_dir() / "config/fastdds.xml").read_text()
    assert "--shm-size" in remedies["shared memory"]
    assert remedies.keys() == {one.part for one in found} - {"cores"}
    assert table(found, 200).count("\n") + 1 == len(found) + len(remedies)
    narrow = table(found, 60).splitlines()
    assert max(len(line) for line in narrow if "->" not in line) <= 60
    assert all(any(line.endswith(one) for line in narrow) for one in remedies.values())


@pytest.mark.parametrize(
    ("place", "part", "said"),
    [
        (0x69, FakeMpu(FakeClock(), 0x71), "0x69: MPU-9250, imu:=mpu:1:0x69"),
        (0x28, FakeBno055(FakeClock()), "0x28: BNO055, imu:=bno055:1:0x28"),
        (0x68, FakeMpu(FakeClock(), 0x13), "0x68: no IMU that the driver mpu knows (its register"),
    ],
)
def test_imus_are_found(place: int, part: FakeMpu | FakeBno055, said: str, tmp_path: Path) -> None:
    bus = FakeBus(place, part)
    found = examine(machine(tmp_path, GOOD, FakeCamera(), True, bus))
    assert [one.found[: len(said)] for one in found if one.part == "I2C 1"] == [said]
    assert bus.closed == 1


def test_what_the_kernel_knows_of_a_bus_is_told_without_smbus2(tmp_path: Path) -> None:
    files = {**GOOD, "sys/bus/i2c/devices/1-0050/name": "24c32\n"}
    where = machine(tmp_path, files, FakeCamera(), True)
    (tmp_path / "sys/bus/i2c/devices/1-0050/driver").symlink_to(tmp_path)
    found = [one.found for one in examine(where) if one.part.startswith("I2C")]
    assert found[0] == "/dev/i2c-1"
    assert found[1] == f"0x50: 24c32, which the kernel's driver {tmp_path.name} uses"
    assert found[2] == "IMUs were not looked for: I2C needs the package smbus2"


def cameras_of(root: Path, camera: FakeCamera) -> list[Finding]:
    return [one for one in examine(machine(root, GOOD, camera, True)) if "camera" in one.part]


def test_ranges_of_sizes_and_rates_are_told_by_their_ends(tmp_path: Path) -> None:
    found = cameras_of(tmp_path, FakeCamera(is_scaled=True))
    assert found[1].found == "YUYV: 320x240 to 1280x720 at 10 down to 1 a second"


def test_a_camera_without_lists_is_told_by_its_formats(tmp_path: Path) -> None:
    found = cameras_of(tmp_path, FakeCamera(has_rate=False, formats={"YUYV": {}}))
    assert [one.found for one in found][1:] == ["YUYV"]
    assert not any(one.remedy for one in found)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (FakeCamera(formats={"pBAA": {(1640, 1232): 30}}), "camera_ros"),
        (FakeCamera(capabilities=abi.VIDEO_CAPTURE_MPLANE | abi.STREAMING), "ROS driver"),
        (FakeCamera(capabilities=abi.STREAMING), ""),  # metadata of a camera
        (FakeCamera(capabilities=abi.VIDEO_CAPTURE_MPLANE | abi.VIDEO_OUTPUT_MPLANE), ""),
    ],
)
def test_devices_that_give_no_pictures_here(camera: FakeCamera, said: str, tmp_path: Path) -> None:
    found = cameras_of(tmp_path, camera)
    assert bool(found) == bool(said)
    assert all(said in one.remedy for one in found[:1])


def test_a_bus_that_is_only_in_the_kernel(tmp_path: Path) -> None:
    files = {name: text for name, text in GOOD.items() if name != "dev/i2c-1"}
    files["sys/bus/i2c/devices/i2c-1/name"] = "bcm2835 (i2c@7e804000)"
    found = {one.part: one for one in examine(machine(tmp_path, files, FakeCamera(), True))}
    assert "sudo modprobe i2c-dev" in found["I2C"].remedy


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {one.part: one for one in examine(machine(tmp_path, {}, FakeCamera(), True))}
    assert found["camera"].found.startswith("none at /dev/video*")
    assert not any(one.remedy for one in found.values())
    assert main(["doctor", "--json"]) in (0, 1)  # of the machine of the test
    assert {"part", "found", "remedy"} == json.loads(capsys.readouterr().out)[0].keys()
