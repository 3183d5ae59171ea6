"""The report of a compilation, for programs (``report.json``) and for people (``report.html``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any

import jinja2

from edge_compiler.units import count, size
from edge_perception.runtime.manifest import Manifest

COLORS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1", "#edc948", "#9c755f")
MAP_HEIGHT = 240


def write(
    folder: Path, manifest: Manifest, errors: Sequence[float | None], step_ms: Sequence[float]
) -> None:
    """
    Write both files into ``folder``.

    :param errors: worst relative error of each step; None for one without a counterpart.
    :param step_ms: time of each step.
    """
    content = summarise(manifest, errors, step_ms)
    (folder / "report.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "size": size}
    page = environment.get_template("report.html.j2").render(
        report=content, manifest=manifest, map=_memory_map(manifest)
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def summarise(
    manifest: Manifest, errors: Sequence[float | None], step_ms: Sequence[float]
) -> dict[str, Any]:
    """Return the content of ``report.json``: what the manifest lacks or is asked for most."""
    model = manifest.model
    return {
        "name": model.name,
        "target": model.target,
        "variants": list(model.variants),
        "created": manifest.created,
        "macs": model.macs,
        "weight_bytes": model.weight_bytes,
        "arena_bytes": model.arena_bytes,
        "proof": asdict(manifest.proof),
        "speed": None if manifest.speed is None else asdict(manifest.speed),
        "steps": [
            {
                "name": step.name,
                "kernel": step.kernel,
                "nodes": list(step.nodes),
                "shape": list(step.shape),
                "macs": step.macs,
                "weight_bytes": step.weight_bytes,
                "error": error,
                "milliseconds": milliseconds,
            }
            for step, error, milliseconds in zip(model.steps, errors, step_ms, strict=True)
        ],
        "fusions": [asdict(fusion) for fusion in model.fusions],
    }


def _memory_map(manifest: Manifest) -> dict[str, Any]:
    """Return the rectangles of the memory map: steps to the right, addresses upwards."""
    model = manifest.model
    step_width = max(6, 960 // max(1, len(model.steps)))
    height_per_byte = MAP_HEIGHT / max(1, model.arena_bytes)
    return {
        "width": step_width * len(model.steps),
        "height": MAP_HEIGHT,
        "rectangles": [
            {
                "x": allocation.first * step_width,
                "y": round(
                    MAP_HEIGHT - (allocation.offset + allocation.bytes) * height_per_byte, 2
                ),
                "width": (min(allocation.last, len(model.steps) - 1) - allocation.first + 1)
                * step_width,
                "height": round(allocation.bytes * height_per_byte, 2),
                "color": COLORS[index % len(COLORS)],
                "allocation": allocation,
            }
            for index, allocation in enumerate(model.allocations)
        ],
    }
