"""The errors of a simulated IMU have the sizes that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from edge_perception.drivers.imu.errors import AxisErrors, ImuErrorModel, ImuErrors, MPU6050

INTERVAL = 0.005
REST = (np.zeros(3), np.array([0.0, 0.0, 9.80665]))


def read(errors: ImuErrors, count: int, seed: int = 1, truth=REST) -> list:
    model = ImuErrorModel(errors, seed)
    gyro, accel, there = model.measure(*(np.tile(one, (count, 1)) for one in truth), INTERVAL)
    return [one if is_there else None for *one, is_there in zip(gyro, accel, there, strict=True)]


def test_without_errors_the_truth_is_read():
    assert all(
        (gyro == REST[0]).all() and (accel == REST[1]).all()
        for gyro, accel in read(ImuErrors(), 10)
    )


def test_white_noise_has_its_density():
    gyro = np.array([one[0] for one in read(ImuErrors(gyro=AxisErrors(noise=0.01)), 4000)])
    assert gyro.std() == pytest.approx(0.01 / np.sqrt(INTERVAL), rel=0.03)


def test_the_bias_walks_with_the_root_of_time():
    ends = []
    for seed in range(200):
        model = ImuErrorModel(ImuErrors(accel=AxisErrors(walk=0.1)), seed)
        model.measure(*(np.tile(one, (100, 1)) for one in REST), INTERVAL)
        ends.append(model.accel_bias)
    assert np.std(ends) == pytest.approx(0.1 * np.sqrt(100 * INTERVAL), rel=0.1)


def test_scale_is_constant_and_in_proportion():
    errors = ImuErrors(gyro=AxisErrors(scale=0.01))
    truth = np.array([1.0, 2.0, 3.0])
    once = read(errors, 1, truth=(truth, REST[1]))[0][0] / truth
    twice = read(errors, 1, truth=(2 * truth, REST[1]))[0][0] / (2 * truth)
    assert once == pytest.approx(twice)
    assert 0 < np.abs(once - 1).max() < 0.05


def test_readings_have_steps_and_a_limit():
    errors = ImuErrors(gyro=AxisErrors(noise=0.1, step=0.25, limit=1.0))
    gyro = np.array([one[0] for one in read(errors, 500)])
    assert (gyro / 0.25 == np.round(gyro / 0.25)).all()
    assert np.abs(gyro).max() == 1.0


def test_samples_get_lost_in_gaps():
    lost = np.array([one is None for one in read(ImuErrors(drop=0.1, gap=5.0), 20_000)])
    assert lost.mean() == pytest.approx(0.1, rel=0.2)
    gaps = np.diff(lost.astype(int)).clip(0).sum()
    assert lost.sum() / gaps == pytest.approx(5.0, rel=0.2)


def test_equal_seeds_give_equal_readings():
    first, second = (read(MPU6050, 300, seed=7) for _ in range(2))
    assert all(
        (a is None and b is None) or all((x == y).all() for x, y in zip(a, b, strict=True))
        for a, b in zip(first, second, strict=True)
    )
