"""The benchmark of the pose node: its true motions are true, and its judge is strict."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bench.pose.data import numbers, parse_rawlog
from bench.pose.judge import missed
from bench.pose.simulate import by_wheels_alone, measured_by_wheels, WheelErrors
from bench.pose.trajectories import GRAVITY, in_space, Motion, on_floor, RATE

TIMES = np.arange(0, 20, 0.05)


def check(motion: Motion) -> None:
    """Compare velocities and forces with differences of positions and rotations."""
    rotation = Rotation.from_quat(motion.rotation)
    velocity = np.gradient(motion.position, 1 / RATE, axis=0)
    acceleration = np.gradient(rotation.apply(motion.velocity), 1 / RATE, axis=0)
    turn = (rotation[:-1].inv() * rotation[1:]).as_rotvec() * RATE
    inside = slice(5, -5)
    assert rotation.inv().apply(velocity)[inside] == pytest.approx(
        motion.velocity[inside], abs=1e-3
    )
    assert rotation.inv().apply(acceleration + GRAVITY)[inside] == pytest.approx(
        motion.force[inside], abs=2e-2
    )
    assert turn == pytest.approx(0.5 * (motion.angular[1:] + motion.angular[:-1]), abs=1e-2)
    assert motion.velocity[0] == pytest.approx([0, 0, 0])
    assert motion.force[0] == pytest.approx(rotation[0].inv().apply(GRAVITY))


def test_a_motion_in_space_has_the_derivatives_of_its_poses():
    places = np.column_stack([np.sin(TIMES), np.cos(0.7 * TIMES), 0.2 * TIMES])
    turns = Rotation.from_euler("ZYX", np.column_stack([0.5 * TIMES, np.sin(TIMES), 0.1 * TIMES]))
    check(in_space("wave", TIMES, places, turns.as_quat(), 0.1))


def test_a_motion_on_the_floor_is_that_of_a_robot_that_can_not_slide():
    places = np.column_stack([2 * np.sin(0.5 * TIMES), 2 - 2 * np.cos(0.5 * TIMES)])
    motion = on_floor("circle", TIMES, places, 0.5 * TIMES, 0.2)
    check(motion)
    assert (motion.velocity[:, 1:] == 0).all()
    center = motion.position[:, :2] - [0, 2]
    assert np.linalg.norm(center, axis=1) == pytest.approx(2.0, abs=0.02)


def test_wheels_without_errors_follow_the_truth():
    places = np.column_stack([2 * np.sin(0.5 * TIMES), 2 - 2 * np.cos(0.5 * TIMES)])
    motion = on_floor("circle", TIMES, places, 0.5 * TIMES, 0.2)
    none = WheelErrors(speed=(0.0, 0.0), turn=(0.0, 0.0), scale=0.0, track=0.0)
    read, _ = measured_by_wheels(motion, none, 1)
    path = by_wheels_alone(motion, read)
    assert path[:, 1:3] == pytest.approx(motion.position[::4, :2], abs=2e-3)


def test_odometry_is_read_from_a_rawlog():
    step = b"\x87CPose2D\x01" + struct.pack("<3d", 1.0, 0.0, np.pi / 2) + b"rest"
    end = b"\x88\x88\x8dCSensoryFrame"
    data = b"".join(step + struct.pack("<Q", 10**17 + tick * 10**7) + end for tick in range(3))
    times, poses = parse_rawlog(data)
    assert times == pytest.approx([0, 0, 1, 2])
    assert poses[:, :2] == pytest.approx(np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))


def test_the_head_of_a_table_is_left_out():
    assert numbers("# a b\n1,2\n3,4\n", ",") == pytest.approx(np.array([[1, 2], [3, 4]]))


def test_whatever_is_required_but_not_reached_is_named():
    scores = {"translation_percent": 0.5, "rotation_deg_per_100m": 0.5, "ate_m": 1.0}
    worse = {name: 3 * value for name, value in scores.items()}
    good = {
        "planar": True,
        "load_percent": 3.0,
        "nis": 2.0,
        "nis_low": 1.9,
        "nis_high": 2.1,
        "wheels_and_imu": scores,
        "wheels": worse,
    }
    assert not missed({"way": good})
    for change in (
        {"load_percent": 16.0},
        {"nis": 2.2},
        {"nis": 1.8},
        {"wheels": scores},
        {"wheels_and_imu": scores | {"translation_percent": 1.1}, "wheels": worse},
        {"wheels_and_imu": scores | {"rotation_deg_per_100m": float("nan")}},
    ):
        assert missed({"way": good | change}), change
    assert missed({"way": {"planar": False, "load_percent": 3.0, "tilt_rms_deg": 1.1}})
