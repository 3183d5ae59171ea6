"""The pictures of the page as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
import math

import numpy as np

from edge_perception.replay.series import Points

WIDTH = 1000
_LEFT, _RIGHT = 130, 30  # of the chart, for the names of rows, for half a number
_ROW, _GAP = 22, 8
_HEIGHT = 220
_BINS = 40
_BIN = 10
_MOST_POINTS = 2000


@dataclass(frozen=True)
class Span:
    """
    A part of a row.

    :ivar begin: [s].
    :ivar end: [s].
    :ivar color: of CSS.
    :ivar said: is shown when one points at it.
    """

    begin: float
    end: float
    color: str
    said: str


def timeline(rows: Sequence[tuple[str, Sequence[Span]]], end: float) -> str:
    """Return rows of spans over one axis of time."""
    scale = (WIDTH - _LEFT - _RIGHT) / max(end, 1e-9)
    bottom = len(rows) * (_ROW + _GAP)
    parts = []
    for tick in _marks(0.0, end):
        x = _LEFT + tick * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>')
        parts.append(f'<text class="axis" x="{x:.1f}" y="{bottom + 16}">{tick:g} s</text>')
    for index, (name, spans) in enumerate(rows):
        top = index * (_ROW + _GAP)
        parts.append(
            f'<text class="name" x="{_LEFT - 10}" y="{top + 15}">{escape(name[:18])}</text>'
        )
        for span in spans:
            width = max(0.8, (span.end - span.begin) * scale)
            parts.append(
                f'<rect x="{_LEFT + span.begin * scale:.1f}" y="{top}" width="{width:.1f}" '
                f'height="{_ROW}" fill="{escape(span.color)}"><title>{escape(span.said)} '
                f"({span.begin:.2f} to {span.end:.2f} s)</title></rect>"
            )
    return _svg(WIDTH, bottom + 24, parts)


def histogram(values: Sequence[float], unit: str) -> str:
    """Return how often values are how large; the largest hundredth is one column."""
    most = float(np.percentile(values, 99))
    top = most if most > 0 else 1.0
    counts, edges = np.histogram(np.minimum(values, top), _BINS, (0, top))
    scale = (_HEIGHT - 40) / max(1, counts.max())
    width = _BINS * _BIN
    parts = []
    for index, count in enumerate(counts.tolist()):
        height = count * scale
        parts.append(
            f'<rect class="bar" x="{_LEFT + index * _BIN}" y="{_HEIGHT - 24 - height:.1f}" '
            f'width="{_BIN - 1}" height="{height:.1f}"><title>{count} from '
            f"{edges[index]:.1f} to {edges[index + 1]:.1f} {escape(unit)}</title></rect>"
        )
    for tick in _marks(0.0, top):
        x = _LEFT + tick / top * width
        parts.append(
            f'<text class="axis" x="{x:.1f}" y="{_HEIGHT - 8}">{tick:g} {escape(unit)}</text>'
        )
    for share in (0, 1):
        y = _HEIGHT - 24 - share * counts.max() * scale
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + width}" y1="{y}" y2="{y}"/>')
        number = share * counts.max()
        parts.append(f'<text class="name" x="{_LEFT - 10}" y="{y + 4}">{number}</text>')
    return _svg(_LEFT + width + _RIGHT, _HEIGHT, parts)


def paths(lines: Sequence[tuple[str, Points]]) -> str:
    """
    Return paths on the plane, x to the right and y up, in one scale.

    :param lines: the class of CSS and the places [N, 3] of each.
    """
    points = [places[:: -(-len(places) // _MOST_POINTS), :2] for _, places in lines]
    every = np.concatenate(points)
    low, high = every.min(0), every.max(0)
    size = np.maximum(high - low, 1e-3)
    room = np.array([WIDTH - _LEFT - _RIGHT, 420.0])
    scale = float((room / size).min())
    height = size[1] * scale + 40
    parts = []
    for x in _marks(low[0], high[0]):
        place = _LEFT + (x - low[0]) * scale
        parts.append(
            f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="0" y2="{height - 24:.1f}"/>'
            f'<text class="axis" x="{place:.1f}" y="{height - 8:.1f}">{x:g} m</text>'
        )
    for y in _marks(low[1], high[1]):
        place = height - 30 - (y - low[1]) * scale
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{place:.1f}" '
            f'y2="{place:.1f}"/>'
            f'<text class="name" x="{_LEFT - 10}" y="{place + 4:.1f}">{y:g} m</text>'
        )
    for (kind, _), line in zip(lines, points, strict=True):
        at = (line - low) * scale
        drawn = " ".join(f"{_LEFT + x:.1f},{height - 30 - y:.1f}" for x, y in at.tolist())
        parts.append(f'<polyline class="{escape(kind)}" points="{drawn}"/>')
    return _svg(WIDTH, round(height), parts)


def _marks(low: float, high: float) -> list[float]:
    """Return round numbers between two, some eight of them."""
    raw = max(high - low, 1e-9) / 8
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * index, 12) for index in range(first, last + 1)]


def _svg(width: int, height: int, parts: Iterable[str]) -> str:
    inner = "".join(parts)
    return f'<svg width="{width}" height="{height}" role="img">{inner}</svg>'
