"""What the demo tells: a line a picture, a summary, and the contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.text import Text

from edge_perception.core.image import plain
from edge_perception.demo.door import Visit
from edge_perception.demo.watch import Findings, Sighting
from edge_perception.messages.types import Odometry
from edge_perception.views.picture import action_color, card, contact_sheet

_COLUMNS = (
    *((19, "<"), (20, "<"), (6, ">"), (8, "<"), (16, "<"), (8, ">"), (8, ">")),
    (18, ">"),
)
_TITLES = (
    *("picture", "sees", "score", "decides", "rule", "run [ms]", "age [ms]"),
    "x, y [m], heading",
)


def print_heading(console: Console) -> None:
    """Print the titles of the lines."""
    console.print(_line(_TITLES, "bold"))


def print_sighting(console: Console, sighting: Sighting) -> None:
    """Print a picture's line."""
    found, decision = sighting.detections.detections, sighting.decision
    stages = {stage.name: stage.milliseconds for stage in sighting.detections.stages}
    line = _line(
        (
            sighting.name,
            found[0].label if found else "nothing",
            f"{found[0].score:.3f}" if found else "",
            decision.action,
            decision.rule,
            f"{stages.get('run', 0):.1f}",
            f"{sighting.age:.1f}",
            pose(sighting.odometry),
        )
    )
    line.highlight_words([decision.action], f"bold {action_color(decision.action, decision.safe)}")
    console.print(line)


def pose(odometry: Odometry | None) -> str:
    """Return where the robot is."""
    if odometry is None:
        return "unknown"
    position, turned = odometry.pose.pose.position, odometry.pose.pose.orientation
    heading = math.degrees(2 * math.atan2(turned.z, turned.w))
    return f"{position.x:.2f}, {position.y:.2f}, {math.remainder(heading, 360):+.0f}°"


def summary(findings: Findings) -> dict[str, str]:
    """Return the facts of a run, as they are printed and drawn."""
    facts = {"pictures": f"{len(findings.shown)}, shown {len(findings.ages)} times"}
    for name, samples in (("model alone", findings.runs), ("camera to decision", findings.ages)):
        if samples:
            median, late = np.percentile(samples, (50, 95))
            facts[name] = f"p50 {median:.1f} ms, p95 {late:.1f} ms"
    return {**facts, "dropped pictures": str(findings.dropped)}


def print_facts(console: Console, facts: Mapping[str, str]) -> None:
    """Print facts, a line each, and an empty one before and after."""
    console.print()
    for name, value in facts.items():
        console.print(Text.assemble((f"{name:<20} ", "bold"), value))
    console.print()


def print_visits(console: Console, visits: Sequence[Visit]) -> None:
    """Print who came to the door, and whether it opened."""
    for visit in visits:
        said = "stays locked" if visit.opened is None else f"opens after {visit.opened} pictures"
        console.print(f"{visit.picture.name:<23}  {said:<24}  {visit.seen.decision.reason}")


def write_visits(visits: Sequence[Visit], path: Path) -> None:
    """Draw all who came to the door."""
    cards = [
        card(
            _rgb(visit.seen.image), visit.seen.detections, visit.seen.decision, visit.picture.name
        )
        for visit in visits
    ]
    opened = sum(visit.opened is not None for visit in visits)
    facts = {"visitors": str(len(visits)), "for whom it opened": str(opened)}
    _save(contact_sheet(cards, "The owner's door", facts), path)


def write_sheet(findings: Findings, model: str, path: Path) -> None:
    """Draw all pictures with what was seen in them."""
    cards = [
        card(_rgb(sighting.image), sighting.detections, sighting.decision, name)
        for name, sighting in sorted(findings.shown.items())
    ]
    sheet = contact_sheet(cards, "What the robot saw", {"model": model, **summary(findings)})
    _save(sheet, path)


def _save(sheet: Image.Image, path: Path) -> None:
    temporary = path.with_suffix(".part.png")
    sheet.save(temporary)
    temporary.replace(path)


def _line(cells: tuple[Any, ...], style: str = "") -> Text:
    texts = (
        f"{str(cell)[:width]:{align}{width}}"
        for cell, (width, align) in zip(cells, _COLUMNS, strict=True)
    )
    return Text("  ".join(texts), style)


def _rgb(image: Any) -> Any:
    """Return the pixels of an image message: the demo's camera sends rgb8."""
    return np.ascontiguousarray(plain(image).pixels)
