"""Draws the paths: ``python -m bench.pose.plot FILE.npz PLOT.png``, in evo's environment."""

from __future__ import annotations

from pathlib import Path
import sys

from matplotlib.figure import Figure
import numpy as np

from bench.plot import save

STYLES = {
    "truth": {"color": "#bbbbbb", "linewidth": 4.0, "label": "truth"},
    "wheels": {"color": "#4477aa", "linewidth": 1.0, "label": "wheels alone"},
    "wheels_and_imu": {"color": "#ee6677", "linewidth": 1.0, "label": "wheels and IMU"},
}


def main() -> None:
    """Draw the file named first into the file named second."""
    source, target = map(Path, sys.argv[1:])
    with np.load(source) as arrays:
        tables = dict(arrays)
    names = list(dict.fromkeys(key.split("/")[0] for key in tables))
    figure = Figure(figsize=(11, 5.5 * ((len(names) + 1) // 2)), layout="constrained")
    rows = figure.subplots((len(names) + 1) // 2, 2, squeeze=False)
    for axes, name in zip(rows.ravel(), names, strict=False):
        for kind, style in STYLES.items():
            if f"{name}/{kind}" in tables:
                path = tables[f"{name}/{kind}"]
                axes.plot(path[:, 1], path[:, 2], **style)
        axes.set_title(name, loc="left", weight="bold")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("x [m]")
        axes.set_ylabel("y [m]")
        axes.spines[["top", "right"]].set_visible(False)
    for axes in rows.ravel()[len(names) :]:
        axes.set_axis_off()
    rows[0, 0].legend(frameon=False)
    save(figure, target, dpi=110)


if __name__ == "__main__":
    main()
