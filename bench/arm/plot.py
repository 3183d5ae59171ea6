"""
Draws a file of counts: ``python -m bench.arm.plot RESULTS.json PLOT.png``.

Runs in an environment of its own, with matplotlib.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

from matplotlib.figure import Figure

from bench.plot import COLORS, GROUP, save


def main() -> None:
    """Draw the file named first into the file named second."""
    source, target = map(Path, sys.argv[1:])
    results = json.loads(source.read_text(encoding="utf-8"))
    counted = dict.fromkeys(count["engine"] for count in results["counts"])
    groups = list(dict.fromkeys(group_of(results["engines"][name]) for name in counted))
    figure = Figure(figsize=(12, 3.6 * len(groups)), layout="constrained")
    rows = figure.subplots(len(groups), 1, squeeze=False)
    for axes, group in zip(rows[:, 0], groups, strict=True):
        draw(axes, results, group)
    figure.supxlabel(
        "instructions, not times: they say nothing of caches, memory and how many instructions a"
        " core\nexecutes at a time; one thread, batch 1"
        f", {results['emulator']}, {results['date'][:10]}",
        fontsize=9,
    )
    save(figure, target)


def group_of(engine: dict[str, str]) -> tuple[str, str]:
    """Return processor and precision of an engine."""
    return engine["processor"], engine["precision"]


def draw(axes: Any, results: dict[str, Any], group: tuple[str, str]) -> None:
    """Draw the million instructions of each engine on a processor in a precision."""
    counts = {
        (count["network"], count["engine"]): min(count["counted"]["runs"]) / 1e6
        for count in results["counts"]
        if count["correct"]
    }
    networks = list(results["networks"])
    counted = {engine for _, engine in counts}
    engines = [
        name
        for name, engine in results["engines"].items()
        if group_of(engine) == group and name in counted
    ]
    width = GROUP / len(engines)
    for index, (engine, color) in enumerate(zip(engines, COLORS, strict=False)):
        places = [i for i, network in enumerate(networks) if (network, engine) in counts]
        heights = [counts[networks[i], engine] for i in places]
        centers = [i + (index + 0.5) * width - GROUP / 2 for i in places]
        axes.bar(centers, heights, width * 0.92, color=color, label=engine)
        for x, height in zip(centers, heights, strict=True):
            axes.text(x, height, f"{height:.1f}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(networks)), networks)
    axes.set_ylabel("million instructions")
    axes.set_title(", ".join(group), loc="left", weight="bold")
    axes.set_xlim(-0.5, len(networks) - 0.5)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
