"""Draws distances of faces: ``python -m bench.sight.plot RESULTS.json PLOT.png``."""

from __future__ import annotations

import json
from pathlib import Path
import sys

from matplotlib.figure import Figure

from bench.plot import save

SAME, DIFFERENT = "#4477aa", "#ee6677"


def main() -> None:
    """Draw the file named first into the file named second."""
    source, target = map(Path, sys.argv[1:])
    results = json.loads(source.read_text(encoding="utf-8"))
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots()
    for same, color, label in ((True, SAME, "one person"), (False, DIFFERENT, "two people")):
        distances = sorted(
            pair["distance"] for pair in results["faces"]["pairs"] if pair["same"] is same
        )
        rows = [0.15 * (place % 5) + (0 if same else 1) for place in range(len(distances))]
        axes.plot(distances, rows, "o", color=color, markersize=5, alpha=0.8, label=label)
    limit = results["faces"]["distance"]
    axes.axvline(limit, color="black", linewidth=0.8)
    axes.text(limit, 1.75, f" {limit:g}", fontsize=9, va="center")
    axes.set_ylim(-0.3, 1.95)
    axes.set_yticks([0.3, 1.3], ["one person", "two people"])
    axes.set_xlim(0, None)
    axes.set_xlabel("cosine distance of the embeddings of two photographs")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    save(figure, target, dpi=120)


if __name__ == "__main__":
    main()
