"""The drivers of IMU parts, against parts that are emulated register by register."""

from __future__ import annotations

from dataclasses import replace
import errno
import math

from fake_i2c import EPOCH, FakeBno055, FakeBus, FakeClock, FakeMpu, GRAVITY
import numpy as np
import pytest

from edge_perception.core.imu.source import Batch, ImuRequest, ImuSource
from edge_perception.core.source import SourceError
from edge_perception.drivers.imu.bno055 import open_bno055
from edge_perception.drivers.imu.mpu import open_mpu

FIT = ImuRequest(200.0, math.radians(500), 4 * GRAVITY)


def mpu(who: int = 0x68) -> tuple[FakeClock, FakeMpu, FakeBus]:
    clock = FakeClock()
    part = FakeMpu(clock, who)
    return clock, part, FakeBus(0x68, part)


def opened(clock: FakeClock, bus: FakeBus, wish: ImuRequest = FIT) -> ImuSource:
    return open_mpu("mpu:1", wish, bus.open, clock)


def read(source: ImuSource, timeout: float = 0.4) -> Batch:
    got = source.read(timeout)
    assert isinstance(got, Batch)
    return got


@pytest.mark.parametrize(
    ("who", "name"),
    [(0x68, "MPU-6050"), (0x70, "MPU-6500"), (0x71, "MPU-9250"), (0x73, "MPU-9255")],
)
def test_mpu_measures_in_si_units(who: int, name: str) -> None:
    clock, part, bus = mpu(who)
    source = opened(clock, bus)
    part.turning, part.pushing = (0.1, -2.0, 3.0), (1.0, -9.0, 20.0)
    clock.sleep(0.01)
    assert name in source.describe()
    assert source.rate == 200.0
    sample = read(source).samples[-1]
    np.testing.assert_allclose(sample.angular_velocity, part.turning, atol=3e-4)
    np.testing.assert_allclose(sample.linear_acceleration, part.pushing, atol=2e-3)
    assert sample.orientation is None


@pytest.mark.parametrize(
    ("wish", "gyroscope", "accelerometer"),
    [(3.0, 250, 2), (5.0, 500, 4), (17.0, 1000, 8), (99.0, 2000, 16)],
)
def test_mpu_takes_the_smallest_range_that_covers_the_wish(
    wish: float, gyroscope: int, accelerometer: int
) -> None:
    clock, _, bus = mpu()
    acceleration = accelerometer * GRAVITY
    part = read(opened(clock, bus, ImuRequest(100.0, wish, acceleration))).part
    assert part.gyroscope_limit == pytest.approx(math.radians(gyroscope))
    assert part.accelerometer_limit == pytest.approx(acceleration)


def test_mpu_fifo_is_read_completely_and_stamped_backwards_from_now() -> None:
    clock, part, bus = mpu()
    source = opened(clock, bus)
    read(source)
    before = part.measured
    clock.sleep(0.1)
    batch = read(source)
    assert len(batch.samples) == part.measured - before == 20
    stamps = np.array([sample.stamp for sample in batch.samples])
    assert (np.diff(stamps) == 5_000_000).all()
    assert stamps[-1] == clock.time() > EPOCH
    assert batch.lost == 0


def test_mpu_fifo_overflow_is_counted_and_measuring_goes_on_aligned() -> None:
    clock, part, bus = mpu()
    source = opened(clock, bus)
    read(source)
    part.turning = (0.5, 0.0, 0.0)
    clock.sleep(1.0)  # 200 measurements, but the FIFO holds 85 and a third
    batch = read(source)
    assert batch.lost == pytest.approx(200, abs=2)
    for sample in (*batch.samples, *read(source).samples):
        np.testing.assert_allclose(sample.angular_velocity, part.turning, atol=3e-4)


def test_mpu_is_read_less_often_if_measurements_may_wait() -> None:
    clock, _, bus = mpu()
    source = opened(clock, bus, replace(FIT, delay=0.01))
    read(source)
    for _ in range(10):
        stamps = [sample.stamp for sample in read(source).samples]
        assert np.diff(stamps).tolist() == [5_000_000, 5_000_000]
        assert stamps[-1] == clock.time()


def test_mpu_without_measurements_returns_in_time() -> None:
    clock, part, bus = mpu()
    source = opened(clock, bus)
    part.registers[0x23] = 0
    began = clock.now
    assert source.read(0.4) is None
    assert clock.now - began == pytest.approx(0.4e9, abs=0.01e9)


def test_disturbed_transfers_are_repeated() -> None:
    clock, _, bus = mpu()
    source = opened(clock, bus)
    bus.failures = [errno.EIO, errno.EREMOTEIO]
    assert read(source).samples


def test_a_part_that_is_gone_is_lost_and_can_be_opened_again() -> None:
    clock, part, bus = mpu()
    source = opened(clock, bus)
    bus.gone = True
    with pytest.raises(SourceError, match=r"i2c-1 at 0x68: it does not answer; check wiring"):
        source.read(0.4)
    source.close()
    source.close()
    assert bus.closed == 1
    bus.gone = False
    resets = part.resets
    assert read(opened(clock, bus)).samples
    assert part.resets == resets + 1


def test_another_part_is_refused() -> None:
    clock, part, bus = mpu()
    part.registers[0x75] = 0xEA
    with pytest.raises(SourceError, match=r"answers 0xea to who-am-I, expected one of 0x68 MPU"):
        opened(clock, bus)
    assert bus.closed == 1


@pytest.mark.parametrize("who", [0x68, 0x71])
@pytest.mark.parametrize("health", [0.0, 0.3, 2.0])
def test_mpu_that_fails_its_self_test_is_refused(who: int, health: float) -> None:
    clock, part, bus = mpu(who)
    part.health = health
    with pytest.raises(SourceError, match=r"self-test of MPU-.* fails: its accelerometer x"):
        opened(clock, bus)


def test_a_robot_that_drives_is_not_tested() -> None:
    clock, part, bus = mpu()
    part.health = 0.0
    assert read(opened(clock, bus, replace(FIT, self_test=False))).samples


def test_mpu_that_does_not_end_its_reset_is_refused() -> None:
    clock, part, bus = mpu()
    part.write = lambda register, value: part.registers.__setitem__(register, value)
    with pytest.raises(SourceError, match="does not end its reset"):
        opened(clock, bus)


@pytest.mark.parametrize("spec", ["mpu:", "mpu:x", "mpu:1:0x99", "mpu:-1", "mpu:1:2:3"])
def test_a_place_that_is_none_is_explained(spec: str) -> None:
    with pytest.raises(SourceError, match=r"write mpu:BUS or mpu:BUS:ADDRESS, e\.g\. mpu:1:0x68"):
        open_mpu(spec, FIT)


def test_a_missing_bus_is_explained() -> None:
    clock, _, bus = mpu()
    with pytest.raises(SourceError, match=r"/dev/i2c-7 is not there; enable I2C"):
        open_mpu("mpu:7", FIT, bus.open, clock)


def bno() -> tuple[FakeClock, FakeBno055, FakeBus]:
    clock = FakeClock()
    part = FakeBno055(clock)
    return clock, part, FakeBus(0x28, part)


def test_bno055_measures_in_si_units_with_orientation() -> None:
    clock, part, bus = bno()
    part.turning, part.pushing = (0.1, -2.0, 3.0), (1.0, -9.0, 20.0)
    part.orientation = (math.cos(0.3), 0.0, 0.0, math.sin(0.3))
    source = open_bno055("bno055:1", FIT, bus.open, clock)
    sample = read(source).samples[0]
    np.testing.assert_allclose(sample.angular_velocity, part.turning, atol=1e-3)
    np.testing.assert_allclose(sample.linear_acceleration, part.pushing, atol=5e-3)
    assert sample.orientation is not None
    np.testing.assert_allclose(sample.orientation, [0, 0, math.sin(0.3), math.cos(0.3)], atol=1e-4)


def test_bno055_is_read_at_its_own_rate_and_what_was_missed_is_counted() -> None:
    clock, _, bus = bno()
    source = open_bno055("bno055:1", FIT, bus.open, clock)
    stamps = [read(source).samples[0].stamp for _ in range(5)]
    assert set(np.diff(stamps)) == {10_000_000}
    clock.sleep(0.055)
    assert read(source).lost == 4


def test_bno055_that_reports_an_error_is_opened_anew() -> None:
    clock, part, bus = bno()
    source = open_bno055("bno055:1", FIT, bus.open, clock)
    part.error = 3
    with pytest.raises(SourceError, match="system error 3"):
        source.read(0.4)
    source.close()
    assert read(open_bno055("bno055:1", FIT, bus.open, clock)).samples


def test_bno055_faults_at_the_start_are_explained() -> None:
    clock, part, bus = bno()
    part.chip = 0x12
    with pytest.raises(SourceError, match=r"has the chip ID 0x12, expected 0xa0"):
        open_bno055("bno055:1", FIT, bus.open, clock)
    part.chip, part.tested = 0xA0, 0x0B
    with pytest.raises(SourceError, match=r"self-test of BNO055 .* fails: gyroscope;"):
        open_bno055("bno055:1", FIT, bus.open, clock)
