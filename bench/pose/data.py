"""The recordings: fetched once into the cache, never part of this repository."""

from __future__ import annotations

import gzip
from pathlib import Path
import struct
import subprocess
import tempfile
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bench.cache import BenchError, cache_folder
from edge_compiler.zoo.index import download
from edge_compiler.zoo.recipe import Package, read_member

Array: TypeAlias = npt.NDArray[np.float64]

EVO = Package(
    "evo",
    "1.38.1",
    "evo-1.38.1.tar.gz",
    11295180,
    "1d63faeeb37604641db65bdd08b0e83e71884071de368058a9c45bdcac3fc3f7",
    "evo-1.38.1/LICENSE",
)
KINEMATICS = Package(
    "scikit-kinematics",
    "0.10.4",
    "scikit_kinematics-0.10.4-py3-none-any.whl",
    2575727,
    "8433f469dd95d0398ca1297f94be419b8873ceb7e510832c7ce3754400d0c7d9",
    "scikit_kinematics-0.10.4.dist-info/LICENSE.txt",
)
_SENA = "usr/share/mrpt/datasets/2006-01ENE-21-SENA_Telecom Faculty_one_loop_only.rawlog"
_APT_SECONDS = 120


def member(package: Package, name: str) -> str:
    """Return a text file of a package, which is downloaded if the cache hasn't got it."""
    folder = cache_folder() / "recordings"
    folder.mkdir(exist_ok=True)
    path = folder / package.filename
    if not path.is_file():
        with tempfile.TemporaryDirectory(dir=folder) as partial:
            download(package, Path(partial), lambda size: None).rename(path)
    return read_member(path, name).decode()


def kitti() -> tuple[Array, Array]:
    """Return times [s] and camera poses (n x 3 x 4, z forward, x right) of KITTI 00."""
    poses = numbers(member(EVO, "evo-1.38.1/test/data/KITTI_00_gt.txt"), " ")
    times = numbers(member(EVO, "evo-1.38.1/test/data/KITTI_00_gt_times.txt"), " ")
    return times.ravel(), poses.reshape(-1, 3, 4)


def euroc() -> tuple[Array, Array, Array]:
    """Return times [s], positions and quaternions x, y, z, w of EuRoC V1_02."""
    rows = numbers(member(EVO, "evo-1.38.1/test/data/V102_groundtruth.csv"), ",")
    return (rows[:, 0] - rows[0, 0]) / 1e9, rows[:, 1:4], rows[:, [5, 6, 7, 4]]


def tum() -> tuple[Array, Array, Array]:
    """Return times [s], positions and quaternions x, y, z, w of TUM fr2/desk."""
    rows = numbers(member(EVO, "evo-1.38.1/test/data/fr2_desk_groundtruth.txt"), " ")
    return rows[:, 0] - rows[0, 0], rows[:, 1:4], rows[:, 4:8]


def sena() -> tuple[Array, Array]:
    """
    Return times [s] and poses x, y, yaw of the robot SENA by its own odometry.

    :raises BenchError: if apt can't get Debian's package mrpt-common.
    """
    path = cache_folder() / "recordings" / "sena.rawlog"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for command in (
                ["apt-get", "download", "-q", "mrpt-common"],
                ["sh", "-c", "dpkg-deb -x mrpt-common_*.deb ."],
            ):
                done = run(command, folder)
                if done.returncode:
                    raise BenchError(f"SENA is skipped, {command[0]} failed: {done.stderr}")
            partial = path.with_suffix(".partial")
            partial.write_bytes(gzip.decompress((Path(folder) / _SENA).read_bytes()))
            partial.rename(path)
    return parse_rawlog(path.read_bytes())


def run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Debian's, which may be missing."""
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_APT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def parse_rawlog(data: bytes) -> tuple[Array, Array]:
    """Return times and poses of the odometry in a rawlog of MRPT, format of 2006."""
    step, end = b"\x87CPose2D\x01", b"\x88\x88\x8dCSensoryFrame"
    times, poses = [0.0], [np.zeros(3)]
    first, place = None, data.find(step)
    while place >= 0:
        x, y, yaw = struct.unpack_from("<3d", data, place + len(step))
        stop = data.find(end, place)
        if stop < 0:
            break
        (ticks,) = struct.unpack_from("<Q", data, stop - 8)  # of 100 ns
        first = ticks if first is None else first
        sine, cosine = np.sin(poses[-1][2]), np.cos(poses[-1][2])
        poses.append(poses[-1] + [cosine * x - sine * y, sine * x + cosine * y, yaw])
        times.append((ticks - first) / 1e7)
        place = data.find(step, stop)
    return np.array(times), np.array(poses)


def x_imu() -> tuple[Array, Array, Array, Array]:
    """Return packet numbers and readings [rad/s, m/s²] of an x-IMU, and its own attitudes."""
    folder = "tests/data/data_xio/00033_"
    readings = numbers(member(KINEMATICS, folder + "CalInertialAndMag.csv"), ",")
    attitudes = numbers(member(KINEMATICS, folder + "Quaternion.csv"), ",")
    inertial = np.hstack([np.radians(readings[:, 1:4]), 9.80665 * readings[:, 4:7]])
    return readings[:, 0], inertial, attitudes[:, 0], attitudes[:, 1:5]


def numbers(text: str, separator: str) -> Array:
    """Return a table of numbers; lines that hold something else are its head."""
    rows = []
    for line in text.splitlines():
        try:
            rows.append([float(part) for part in line.strip().split(separator)])
        except ValueError:
            continue
    return np.array(rows)
