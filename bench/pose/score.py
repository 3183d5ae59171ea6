"""
Scores trajectories with evo: ``python -m bench.pose.score FILE.npz RESULT.json``.

Runs in an environment of its own, with evo. The file holds arrays n x 8 (time, position,
quaternion x, y, z, w) called NAME/truth and NAME/ESTIMATE.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

from evo.core import metrics, sync
from evo.core.trajectory import PoseTrajectory3D
import numpy as np

STRETCH = 100.0
"""Metres over which drift is measured; half of the way if that is shorter."""


def main() -> None:
    """Score all estimates in the file named first into the file named second."""
    source, target = map(Path, sys.argv[1:])
    with np.load(source) as arrays:
        tables = dict(arrays)
    scores: dict[str, dict[str, Any]] = {}
    for key, table in tables.items():
        name, kind = key.split("/")
        if kind != "truth":
            scores.setdefault(name, {})[kind] = score(tables[f"{name}/truth"], table)
    target.write_text(json.dumps(scores), encoding="utf-8")


def trajectory(table: Any) -> PoseTrajectory3D:
    """Return what evo calls a trajectory."""
    return PoseTrajectory3D(table[:, 1:4], table[:, [7, 4, 5, 6]], table[:, 0])


def score(truth: Any, estimate: Any) -> dict[str, float]:
    """Return ATE and RPE of an estimate that begins where the truth begins."""
    pair = sync.associate_trajectories(trajectory(truth), trajectory(estimate), max_diff=0.006)
    stretch = min(STRETCH, pair[0].path_length / 2)
    results = {"stretch_m": stretch, "length_m": pair[0].path_length}
    absolute = metrics.APE(metrics.PoseRelation.translation_part)
    absolute.process_data(pair)
    results["ate_m"] = absolute.get_statistic(metrics.StatisticsType.rmse)
    for name, relation, unit in (
        ("translation_percent", metrics.PoseRelation.translation_part, 100.0 / stretch),
        ("rotation_deg_per_100m", metrics.PoseRelation.rotation_angle_deg, 100.0 / stretch),
    ):
        relative = metrics.RPE(relation, stretch, metrics.Unit.meters, 0.1, all_pairs=True)
        relative.process_data(pair)
        results[name] = relative.get_statistic(metrics.StatisticsType.rmse) * unit
    return results


if __name__ == "__main__":
    main()
