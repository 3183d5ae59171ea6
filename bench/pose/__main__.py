"""Runs the benchmark of the pose node: ``python -m bench.pose``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from bench import environments
from bench.cache import BenchError
from bench.command import run_alone
from bench.engines import ROOT
from bench.pose import data, judge
from bench.pose.data import Array
from bench.pose.drive import Drive, drive
from bench.pose.simulate import (
    by_wheels_alone,
    inertial,
    measured_by_wheels,
    wheel_messages,
    WheelErrors,
)
from bench.pose.trajectories import in_space, Motion, on_floor
from bench.record import circumstances, write
from edge_compiler.errors import CompileError
from edge_compiler.terminal import note
from edge_perception.drivers.imu.errors import AxisErrors, ImuErrors

SEED = 1
SECONDS = 600
"""That evo may take."""

IMU = ImuErrors(
    gyro=AxisErrors(noise=1.7e-4, walk=2e-5, bias=0.01, scale=0.001, step=1e-4, limit=8.7),
    accel=AxisErrors(noise=2e-3, walk=5e-4, bias=0.05, scale=0.001, step=6e-4, limit=78.0),
    drop=0.001,
)
"""Noise like that of EuRoC's IMU (ADIS16448); biases and scale errors as if calibrated by hand."""
WHEELS = WheelErrors()
IN_SPACE = {"planar": False, "wheel_axes": ["vx", "vy", "vz", "wz"]}


def run() -> int:
    """Drive, score, judge, keep and draw."""
    failures: list[str] = []
    tables: dict[str, Array] = {}
    results: dict[str, dict[str, Any]] = {}
    for motion in motions(failures):
        note(f"{motion.name}: {motion.length:.0f} m in {motion.times[-1]:.0f} s")
        results[motion.name] = measure(motion, tables)
    try:
        results["x-imu"] = judge.compare_x_imu()
    except CompileError as error:
        failures.append(f"x-imu is skipped: {error}")
    python = environments.install("evo", f"evo=={data.EVO.version}")
    with tempfile.TemporaryDirectory() as folder:
        arrays, scored = Path(folder, "paths.npz"), Path(folder, "scores.json")
        np.savez(arrays, **tables)  # type: ignore[arg-type]
        environments.run([python, "-m", "bench.pose.score", arrays, scored], SECONDS)
        for name, scores in json.loads(scored.read_text(encoding="utf-8")).items():
            results[name].update(scores)
        environments.run(
            [python, "-m", "bench.pose.plot", arrays, ROOT / "docs/pose.png"], SECONDS
        )
    missed = judge.missed(results)
    keep(results, failures, missed)
    judge.show(results)
    for line in (*failures, *missed):
        note(line, style="red")
    return 1 if missed else 0


def motions(failures: list[str]) -> Iterator[Motion]:
    """Give the true motions; what can't be had is noted."""
    times, poses = data.kitti()
    forward = poses[:, :, 2]
    places = np.column_stack([poses[:, 2, 3], -poses[:, 0, 3]])
    yield on_floor("kitti-00", times, places, np.arctan2(-forward[:, 0], forward[:, 2]), 0.4)
    try:
        times, poses = data.sena()
        yield on_floor("sena", times, poses[:, :2], poses[:, 2], 1.0)
    except BenchError as error:
        failures.append(str(error))
    yield in_space("euroc-v102", *data.euroc(), 0.1)
    yield in_space("tum-fr2-desk", *data.tum(), 0.1)


def measure(motion: Motion, tables: dict[str, Array]) -> dict[str, Any]:
    """Drive along a motion, put the paths into the tables, and return what evo does not tell."""
    read, stated = measured_by_wheels(motion, WHEELS, SEED)
    driven = drive(
        {
            "imu": inertial(motion, IMU, SEED),
            "wheels": wheel_messages(motion, read, stated),
        },
        {} if motion.planar else IN_SPACE,
    )
    tables[f"{motion.name}/truth"] = np.column_stack(
        [motion.times, motion.position, motion.rotation]
    )
    tables[f"{motion.name}/wheels_and_imu"] = driven.poses
    if motion.planar:
        tables[f"{motion.name}/wheels"] = by_wheels_alone(motion, read)
    return {
        "planar": motion.planar,
        "seconds": motion.times[-1],
        "tilt_rms_deg": tilt(motion, driven.poses),
        "load_percent": 100 * driven.load,
        **nis(driven),
    }


def tilt(motion: Motion, poses: Array) -> float:
    """Return the error of roll and pitch [deg], root mean square."""
    index = np.searchsorted(motion.times, poses[:, 0] - 1e-6)
    truth = Rotation.from_quat(motion.rotation[index])
    error = (Rotation.from_quat(poses[:, 4:]) * truth.inv()).as_rotvec()
    return float(np.degrees(np.sqrt((error[:, :2] ** 2).sum(1).mean())))


def nis(driven: Drive) -> dict[str, float]:
    """Return the mean NIS and the share of the seconds in which it is within its bounds."""
    moving = driven.nis[~driven.nis[:, 4].astype(bool)]
    value, low, high, count = moving[:, :4].T
    freedom = float(driven.freedom)
    total = float(count.sum()) * freedom
    return {
        "nis": float((value * count).sum() / count.sum()),
        "nis_freedom": freedom,
        "nis_low": freedom * judge.quantile(0.025, total) / total,
        "nis_high": freedom * judge.quantile(0.975, total) / total,
        "nis_seconds_inside_percent": float(100 * ((low <= value) & (value <= high)).mean()),
    }


def keep(results: dict[str, Any], failures: list[str], missed: list[str]) -> None:
    """Write the results."""
    found = {
        **circumstances(),
        "imu": asdict(IMU),
        "wheels": asdict(WHEELS),
        "seed": SEED,
        "results": results,
        "failures": failures,
        "missed": missed,
    }
    path = ROOT / "bench" / "results" / "pose.json"
    write(path, found)
    note(f"written to {path}")


if __name__ == "__main__":
    sys.exit(run_alone(run))
