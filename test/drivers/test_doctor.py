"""What is said of a machine: one that has all, one that lacks all."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from fake_v4l2 import FakeCamera
import pytest

from edge_perception.commands import main
from edge_perception.tools.doctor import examine, Finding, Machine, table

GOOD = {
    "dev/video0": "",
    "dev/i2c-1": "",
    "dev/ttyUSB0": "",
    "dev/gpiochip0": "",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nSwapTotal: 0 kB\n",
    "proc/sys/net/core/rmem_max": "16777216\n",
}
BAD = {
    **GOOD,
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    "proc/meminfo": "MemTotal: 500000 kB\nMemAvailable: 90000 kB\n"
    "SwapTotal: 100000 kB\nSwapFree: 50000 kB\n",
    "proc/sys/net/core/rmem_max": "212992\n",
}


def machine(root: Path, files: dict[str, str], camera: FakeCamera, timed: bool) -> Machine:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Machine(root, camera, 4, lambda: timed)


def test_a_machine_that_has_all(tmp_path: Path) -> None:
    camera = FakeCamera()
    found = examine(machine(tmp_path, GOOD, camera, True))
    assert not any(one.remedy for one in found)
    assert not camera.is_open
    assert Finding("camera video0", "offers YUYV, MJPG") in found
    assert Finding("I2C", "/dev/i2c-1") in found
    assert Finding("clock", "synchronised") in found
    assert "->" not in table(found)


def test_a_machine_that_lacks_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Barred(FakeCamera):
        def open(self, path: str) -> int:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = examine(machine(tmp_path, BAD, Barred(), False))
    remedies = {one.part: one.remedy for one in found if one.remedy}
    assert remedies["camera video0"] == "sudo usermod -aG video $USER, then log in again"
    assert remedies["I2C"] == "sudo usermod -aG i2c $USER, then log in again"
    assert remedies["clock"] == "sudo timedatectl set-ntp true"
    assert "swapoff" in remedies["swap"]
    assert "rmem_max=8388608" in remedies["DDS"]
    assert remedies.keys() == {one.part for one in found} - {"cores"}
    assert table(found).count("\n") + 1 == len(found) + len(remedies)


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {one.part: one for one in examine(machine(tmp_path, {}, FakeCamera(), True))}
    assert found["camera"].found.startswith("none at /dev/video*")
    assert not any(one.remedy for one in found.values())
    assert main(["doctor", "--json"]) in (0, 1)  # of the machine of the test
    assert {"part", "found", "remedy"} == json.loads(capsys.readouterr().out)[0].keys()
