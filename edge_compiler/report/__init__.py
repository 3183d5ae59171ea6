"""The report of a compilation, for programs (``report.json``) and for people (``report.html``)."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import jinja2

from edge_compiler.report import pictures
from edge_compiler.report.content import content, Measured, outline
from edge_compiler.units import count, size
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import BundleFile, for_channels, Manifest
from edge_perception.runtime.record import Record

__all__ = ["Measured", "outline", "write"]


FILES = ("report.json", "report.html")


def write(
    folder: Path, manifest: Manifest, record: Record, measured: Measured
) -> dict[str, BundleFile]:
    """
    Write both files into ``folder``.

    :returns: what a record says of them.
    """
    report = content(manifest, record, measured)
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    groups = pictures.groups_of_nodes(report)
    page = _template().render(
        report=report,
        times=pictures.times(report) if measured.profile else None,
        errors=pictures.errors(report),
        accuracy=pictures.accuracy(report) if _has_curve(manifest) else None,
        memory=pictures.memory(report),
        before=pictures.drawing(report["graphs"]["before"], groups),
        after=pictures.drawing(report["graphs"]["after"], groups),
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    return {name: describe_file(folder / name) for name in FILES}


@functools.cache
def _template() -> jinja2.Template:
    """Return the page's template, which is read once for all reports."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # names come from the model
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "size": size,
        "percent": lambda x: f"{100 * x:.1f} %",
        "for_channels": for_channels,
    }
    return environment.get_template("page.html.j2")


def _has_curve(manifest: Manifest) -> bool:
    """Return whether layers were returned to float32, step by step."""
    return manifest.accuracy is not None and len(manifest.accuracy.curve) > 1
