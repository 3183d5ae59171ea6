"""What the results must be, and the table that shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.spatial.transform import Rotation

from bench.pose import data
from bench.pose.drive import drive
from bench.pose.simulate import BEGIN, imu_message, odometry_message
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.stamps import SECOND

__all__ = ["compare_x_imu", "missed", "quantile", "show"]

TRANSLATION = 1.0
ROTATION = 1.0
GAIN = 2.0
TILT = 1.0
LOAD = 15.0
X_IMU_RATE = 256
REACH = 0.3
"""How fast a hand moves about a place that it does not leave [m/s], standard deviation."""


def missed(results: dict[str, dict[str, Any]]) -> list[str]:
    """Say what is required but not reached."""
    found = []

    def demand(name: str, what: str, value: float, limit: float) -> None:
        if not value <= limit:
            found.append(f"{name}: {what} is {value:.3g}, the limit is {limit:.3g}")

    for name, result in results.items():
        demand(name, "the load of a core [%]", result["load_percent"], LOAD)
        if name == "x-imu":
            continue
        if not result["planar"]:
            demand(name, "the error of roll and pitch [deg]", result["tilt_rms_deg"], TILT)
            continue
        both, wheels = result["wheels_and_imu"], result["wheels"]
        for key, limit in (
            ("translation_percent", TRANSLATION),
            ("rotation_deg_per_100m", ROTATION),
        ):
            demand(name, key, both[key], limit)
        for key in ("translation_percent", "rotation_deg_per_100m", "ate_m"):
            demand(name, f"{key} over that of wheels alone", both[key] / wheels[key], 1 / GAIN)
        demand(name, "mean NIS", result["nis"], result["nis_high"])
        demand(name, "lower bound of NIS, over NIS,", result["nis_low"] / result["nis"], 1.0)
    return found


def show(results: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(title="Drift over 100 m (half of shorter ways): wheels and IMU / wheels alone")
    for column in (
        "recording",
        "way [m]",
        "translation [%]",
        "rotation [deg/100 m]",
        "ATE [m]",
        "tilt RMS [deg]",
        "NIS",
        "95 % bounds",
        "core [%]",
    ):
        table.add_column(column, justify="left" if column == "recording" else "right")
    for name, result in results.items():
        if "wheels_and_imu" not in result:
            table.add_row(
                name,
                "",
                "",
                "",
                "",
                f"{result['tilt_rms_deg']:.2f}",
                "",
                "",
                f"{result['load_percent']:.1f}",
            )
            continue
        both, wheels = result["wheels_and_imu"], result.get("wheels")
        drifts = [
            f"{both[key]:.2f}" + (f" / {wheels[key]:.2f}" if wheels else "")
            for key in ("translation_percent", "rotation_deg_per_100m", "ate_m")
        ]
        table.add_row(
            name,
            f"{both['length_m']:.0f}",
            *drifts,
            f"{result['tilt_rms_deg']:.2f}",
            f"{result['nis']:.3f}",
            f"{result['nis_low']:.3f} .. {result['nis_high']:.3f}",
            f"{result['load_percent']:.1f}",
        )
    Console(width=140).print(table)


def compare_x_imu() -> dict[str, Any]:
    """
    Compare roll and pitch with what a real IMU, held in a hand, says of its own attitude.

    Its own attitude is an estimate too. There are no wheels; that the hand stays about where it is
    takes their place, as a velocity of zero that is very uncertain.
    """
    packets, inertial, attitude_packets, attitudes = data.x_imu()
    times = np.arange(len(packets)) / X_IMU_RATE
    whens = [BEGIN + round(second * SECOND) for second in times.tolist()]
    variances = 0.003**2, 0.05**2
    readings = [
        (when, imu_message(when, row[:3], row[3:], *variances))
        for when, row in zip(whens, inertial, strict=True)
    ]
    hand = [(when, odometry_message(when, [0.0] * 4, [REACH**2] * 4)) for when in whens[::16]]
    driven = drive(
        {"imu": readings, "wheels": hand},
        {"planar": False, "wheel_axes": ["vx", "vy", "vz"], "still_speed": 0.0},
    )
    theirs = Rotation.from_quat(attitudes[:, [1, 2, 3, 0]])
    ours = Rotation.from_quat(driven.poses[:, 4:])
    at = np.interp(driven.poses[:, 0], times, packets)
    nearest = np.searchsorted(attitude_packets, at).clip(0, len(attitudes) - 1)
    # the direction of gravity in the sensor's axes, whichever way its attitude is written
    up = ours.inv().apply([0, 0, 1])
    options = [one.apply([0, 0, 1])[nearest] for one in (theirs, theirs.inv())]
    errors = [np.degrees(np.arccos((up * other).sum(1).clip(-1, 1))) for other in options]
    best = min(errors, key=lambda error: float(np.median(error)))
    return {
        "seconds": times[-1],
        "tilt_rms_deg": float(np.sqrt((best**2).mean())),
        "tilt_median_deg": float(np.median(best)),
        "load_percent": 100 * driven.load,
    }
