"""
Draws a file of results: ``python -m bench.transport.plot RESULTS.json PLOT.png``.

Runs in an environment of its own, with matplotlib.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import json
from pathlib import Path
from statistics import median
import sys
from typing import Any

from matplotlib.figure import Figure

from bench.plot import save

PANELS: tuple[tuple[str, Callable[[Any], float]], ...] = (
    ("memory of all processes [MB]", lambda turn: turn["memory"] / 1e6),
    ("load [% of a core]", lambda turn: turn["load"]),
    ("image's stamp to its arrival, p50 [ms]", lambda turn: turn["image"][0]),
    ("image's stamp to the decision, p50 [ms]", lambda turn: turn["decision"][0]),
)
COLORS, ALONE = {"ROS": "#bbbbbb", "nanomsg": "#4477aa", "zenoh": "#66aa77"}, "#222222"


def main() -> None:
    """Draw the file named first into the file named second."""
    source, target = map(Path, sys.argv[1:])
    results = json.loads(source.read_text(encoding="utf-8"))
    turns = results["turns"]
    figure = Figure(figsize=(13, 6), layout="constrained")
    for axes, (title, value) in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        of_mode: dict[str, list[float]] = {}
        for turn in turns:
            with suppress(IndexError):  # nobody listened
                of_mode.setdefault(turn["mode"], []).append(value(turn))
        shown = {mode: median(values) for mode, values in of_mode.items() if values}
        bars = axes.barh(
            list(shown),
            list(shown.values()),
            color=[COLORS.get(mode.split()[0].rstrip(","), ALONE) for mode in shown],
        )
        axes.bar_label(bars, fmt="%.3g", padding=3)
        axes.invert_yaxis()
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(
        f"{results['processor']}, {results['cores']} cores, {results['date'][:10]}; camera"
        f" 640x480 at 30 Hz, IMU 200 Hz, wheels 50 Hz, {results['model']}",
        fontsize=9,
    )
    save(figure, target)


if __name__ == "__main__":
    main()
