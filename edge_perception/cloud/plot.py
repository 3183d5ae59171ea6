"""Draws what a comparison found, with the article's figures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from edge_perception.cloud.compare import Run
from edge_perception.cloud.figures import BUDGET
from edge_perception.cloud.record import Mode

ARTICLE = (
    ("TensorFlow on the robot", (420.0, 420.0)),
    ("Arm Compute Library on the robot", (320.0, 320.0)),
    ("a cloud", (2000.0, 5000.0)),
)
"""SqueezeNet on a robot's board of 2017 [ms]: D. Sun, S. Liu, J.-L. Gaudiot (PerceptIn), 2017."""
_SOURCE = "article: PerceptIn 2017, SqueezeNet on an Arm board"
_COLORS = {Mode.LOCAL: "#228833", Mode.REMOTE: "#ee6677", Mode.REMOTE_FIRST: "#4477aa"}
_ARTICLES = "#888888"
_LEAST = 1.0  # milliseconds at the left edge
_ROW = 0.3  # inches


def draw(runs: Sequence[Run], path: Path, caption: str = "") -> None:
    """
    Write a picture (PNG): the file is either as it was or complete.

    :param caption: where, when and of what it is.
    :raises OSError: if it can't be written.
    """
    count = len(runs) + len(ARTICLE)
    figure = Figure(figsize=(10, 1.8 + _ROW * count), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    most = [run.figures.max for run in runs if run.figures.max is not None]
    right = max(1e4, *(2 * one for one in most)) if most else 1e4
    axes.axvspan(BUDGET, right, color="#f4f4f4", zorder=0)
    axes.axvline(BUDGET, color="black", linewidth=1)
    axes.text(BUDGET, -1.0, f" {BUDGET:.0f} ms: the article's budget", fontsize=8, va="center")
    names = []
    for place, run in enumerate(runs):
        found, color = run.figures, _COLORS[run.mode]
        names.append(f"{run.network}, {run.mode.value}")
        share = f"  {found.in_time:.0%} in time"
        if found.p50 is None or found.p99 is None or found.max is None:
            axes.text(_LEAST * 1.1, place, f"no decision in time{share}", fontsize=8, va="center")
            continue
        axes.plot([found.p50, found.max], [place, place], color=color, linewidth=1)
        axes.plot([found.p50, found.p99], [place, place], color=color, linewidth=6, alpha=0.5)
        axes.plot(found.p50, place, "o", color=color)
        axes.text(found.max, place, share, fontsize=8, va="center", clip_on=False)
    for place, (name, (low, high)) in enumerate(ARTICLE, len(runs)):
        names.append(f"article: {name}")
        axes.plot([low, high], [place, place], color=_ARTICLES, linewidth=6, alpha=0.5)
        if low == high:
            axes.plot(low, place, "D", color=_ARTICLES)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_yticks(range(count), names, fontsize=9)
    axes.set_ylim(count - 0.4, -1.5)
    axes.set_xlim(_LEAST, right)
    axes.set_xlabel("camera's stamp to the decision [ms]: median, 99th percentile, longest")
    axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(f"{caption}; {_SOURCE}".removeprefix("; "), fontsize=8)
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, dpi=150, format="png")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
