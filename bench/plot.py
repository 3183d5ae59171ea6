"""
Draws files of results: ``python -m bench.plot RESULTS.json ... PLOT.png``.

Runs in an environment of its own, with matplotlib.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

from matplotlib.figure import Figure

from bench.engines import OURS

COLORS = ["#ee6677", "#4477aa", "#66ccee", "#228833", "#ccbb44", "#aa3377", "#bbbbbb"]
"""Paul Tol's bright scheme: can be told apart by everybody."""
GROUP = 0.8
"""Width of a network's bars, of the 1 that it has."""
HIGHEST = 3
"""Bars end here; what is longer has its number."""


def main() -> None:
    """Draw the files named first into the file named last, one processor below the other."""
    *sources, target = map(Path, sys.argv[1:])
    measured = [json.loads(source.read_text(encoding="utf-8")) for source in sources]
    parts = [
        (results, int(count))
        for results in measured
        for count in sorted(results["machine"]["ceilings"], key=int)
    ]
    figure = Figure(figsize=(15, 4 * len(parts)), layout="constrained")
    rows = figure.subplots(len(parts), 1, squeeze=False)
    for axes, part in zip(rows[:, 0], parts, strict=True):
        draw(axes, *part)
    rows[0, 0].legend(ncols=4, frameon=False, loc="lower left", bbox_to_anchor=(0, 1.08))
    figure.supxlabel(
        "batch 1, float32, fastest run of each; bold: the fastest other engine's time over ours",
        fontsize=9,
    )
    save(figure, target)


def save(figure: Figure, path: Path, dpi: int = 150) -> None:
    """Write a picture; the file is either as it was or complete."""
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(partial, dpi=dpi, format="png")
    partial.rename(path)


def draw(axes: Any, results: dict[str, Any], threads: int) -> None:
    """Draw how many times as long as ours each engine takes, for one number of threads."""
    engines = [name for name, engine in results["engines"].items() if engine["float32"]]
    fastest = {
        (latency["network"], latency["engine"]): latency["minimum_ms"]
        for latency in results["latencies"]
        if latency["threads"] == threads and latency["correct"]
    }
    networks = [name for name in results["networks"] if (name, OURS) in fastest]
    width = GROUP / len(engines)
    for place, network in enumerate(networks):
        ratios = {
            engine: fastest[network, engine] / fastest[network, OURS]
            for engine in engines
            if (network, engine) in fastest
        }
        others = [(ratio, engine) for engine, ratio in ratios.items() if engine != OURS]
        best = min(others)[1] if others else None
        for index, (engine, color) in enumerate(zip(engines, COLORS, strict=False)):
            x = place + (index + 0.5) * width - GROUP / 2
            ratio = ratios.get(engine, 0)
            axes.bar(x, ratio, width * 0.92, color=color, label=engine if place == 0 else None)
            if engine == best or ratio > HIGHEST:
                weight = "bold" if engine == best else "normal"
                y = min(ratio, HIGHEST) + 0.03
                axes.text(x, y, f"{ratio:.2f}", ha="center", weight=weight, fontsize=8)
    axes.axhline(1, color="black", linewidth=0.8, zorder=0)
    axes.set_ylim(0, HIGHEST * 1.08)
    ticks = [f"{name}\n{fastest[name, OURS]:.2f} ms" for name in networks]
    axes.set_xticks(range(len(networks)), ticks)
    axes.set_ylabel(f"time / {OURS}'s")
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    axes.set_title(f"{count}, {_place(results)}", loc="left", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)


def _place(results: dict[str, Any]) -> str:
    """Return where and when something was measured."""
    machine = results["machine"]
    best = "AVX-512" if "avx512f" in machine["features"] else "AVX2"
    return f"{machine['identity']}: {best}, {results['date'][:10]}"


if __name__ == "__main__":
    main()
