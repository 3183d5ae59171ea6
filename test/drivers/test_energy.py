"""Counters of energy, in a tree like that of the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_perception.drivers import energy


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def tree(root: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = root / "sys" / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


def rapl(zone: str, name: str, energy: int) -> dict[str, object]:
    folder = f"powercap/{zone}"
    return {
        f"{folder}/name": name,
        f"{folder}/energy_uj": energy,
        f"{folder}/max_energy_range_uj": 1_000_000,
    }


def test_without_a_counter_nothing_is_known(tmp_path: Path) -> None:
    assert energy.find(tmp_path) == (
        None,
        "this machine has no counter of energy (RAPL, INA3221, battery)",
    )
    tree(tmp_path, {"hwmon/hwmon0/name": "k10temp", "power_supply/AC/type": "Mains"})
    assert energy.find(tmp_path)[0] is None


def test_rapl_adds_up_packages_and_goes_on_where_they_begin_again(tmp_path: Path) -> None:
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 900_000))
    tree(tmp_path, rapl("intel-rapl:1", "package-1", 100))
    tree(tmp_path, rapl("intel-rapl:0:0", "core", 5))  # a part of the first
    meter, _ = energy.find(tmp_path)
    assert meter is not None
    assert meter.source == "RAPL, the whole processor"
    assert meter.joules() == 0.0
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 950_000))
    assert meter.joules() == pytest.approx(0.05)
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 50_000))  # past the range
    tree(tmp_path, rapl("intel-rapl:1", "package-1", 200_100))
    tree(tmp_path, rapl("intel-rapl:0:0", "core", 500_000))
    assert meter.joules() == pytest.approx(0.15 + 0.2)


def test_the_platform_counts_before_its_packages(tmp_path: Path) -> None:
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 0))
    tree(tmp_path, rapl("intel-rapl:1", "psys", 0))
    meter, _ = energy.find(tmp_path)
    assert meter is not None
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 700_000))
    tree(tmp_path, rapl("intel-rapl:1", "psys", 800_000))
    assert (meter.source, meter.joules()) == ("RAPL, the whole platform", pytest.approx(0.8))


def test_dies_are_added_up_and_the_way_through_memory_is_not_counted_twice(tmp_path: Path) -> None:
    """Processors of several dies name each; intel-rapl-mmio shows the same package once more."""
    for zone, name in (("0", "package-0-die-0"), ("1", "package-0-die-1"), ("0:0", "dram")):
        tree(tmp_path, rapl(f"intel-rapl:{zone}", name, 0))
    tree(tmp_path, rapl("intel-rapl-mmio:0", "package-0", 0))
    tree(tmp_path, {"powercap/intel-rapl/enabled": 1, "powercap/dtpm/enabled": 1})
    meter, _ = energy.find(tmp_path)
    assert meter is not None
    for zone in ("intel-rapl:0", "intel-rapl:1", "intel-rapl-mmio:0", "intel-rapl:0:0"):
        tree(tmp_path, {f"powercap/{zone}/energy_uj": 300_000})
    assert meter.joules() == pytest.approx(0.6)


def jetson(volts: int, amperes: int) -> dict[str, object]:
    return {
        "hwmon/hwmon3/name": "ina3221",
        "hwmon/hwmon3/in1_label": "VDD_CPU_GPU_CV",
        "hwmon/hwmon3/in1_input": 9000,
        "hwmon/hwmon3/curr1_input": 9000,
        "hwmon/hwmon3/in2_label": "VDD_IN",
        "hwmon/hwmon3/in2_input": volts,
        "hwmon/hwmon3/curr2_input": amperes,
    }


def test_power_of_a_jetson_is_added_up(tmp_path: Path) -> None:
    clock = Clock()
    tree(tmp_path, jetson(5000, 1000))  # 5 W
    meter, _ = energy.find(tmp_path, clock)
    assert meter is not None
    assert meter.source == "INA3221, the whole board (VDD_IN)"
    clock.now = 2.0
    tree(tmp_path, jetson(5000, 2000))
    assert meter.joules() == pytest.approx(15.0)  # from 5 to 10 W in 2 s
    clock.now = 3.0
    assert meter.joules() == pytest.approx(25.0)


@pytest.mark.parametrize(
    "power",
    [
        {"power_now": 12_000_000},
        {"voltage_now": 12_000_000, "current_now": -1_000_000},
    ],
)
def test_a_battery_that_feeds_the_machine(tmp_path: Path, power: dict[str, object]) -> None:
    clock, folder = Clock(), "power_supply/BAT0"
    tree(tmp_path, {f"{folder}/type": "Battery", f"{folder}/status": "Charging"})
    tree(tmp_path, {f"{folder}/{name}": value for name, value in power.items()})
    assert energy.find(tmp_path, clock)[0] is None  # what it gets says nothing
    tree(tmp_path, {f"{folder}/status": "Discharging"})
    meter, _ = energy.find(tmp_path, clock)
    assert meter is not None
    clock.now = 10.0
    assert (meter.source, meter.joules()) == (
        "battery BAT0, the whole machine",
        pytest.approx(120.0),
    )
    tree(tmp_path, {f"{folder}/status": "Charging"})  # somebody has plugged it in
    with pytest.raises(OSError, match="battery BAT0: Charging"):
        meter.joules()
    tree(tmp_path, {f"{folder}/status": "Discharging"})
    tree(tmp_path, {f"{folder}/scope": "Device"})  # of a mouse
    assert energy.find(tmp_path, clock)[0] is None


def test_a_counter_that_may_not_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read all files, so the system's answer is played."""
    tree(tmp_path, rapl("intel-rapl:0", "package-0", 0))
    barred = tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj"
    read = Path.read_text

    def read_text(path: Path, **options: str) -> str:
        if path == barred:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert energy.find(tmp_path) == (None, f"{barred} may not be read: sudo chmod a+r {barred}")


def test_a_sensor_that_does_not_answer_is_none(tmp_path: Path) -> None:
    tree(tmp_path, {**jetson(5000, 1000), "hwmon/hwmon3/curr2_input": "N/A"})
    tree(tmp_path, {"power_supply/BAT0/type": "Battery"})  # and no more
    assert energy.find(tmp_path)[0] is None
