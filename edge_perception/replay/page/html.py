"""The page: numbers, a timeline, latencies, the path, and what was seen when decisions changed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from edge_perception.replay.album import Album
from edge_perception.replay.expectations import Expectations, Verdict
from edge_perception.replay.intervals import Interval
from edge_perception.replay.labels import Labels
from edge_perception.replay.metrics import blind
from edge_perception.replay.observation import Observation
from edge_perception.replay.page.drawing import histogram, paths, Span, timeline
from edge_perception.replay.results import Result, shown
from edge_perception.replay.trajectory import laid_upon
from edge_perception.views.picture import action_color

_MUST, _BLIND, _SEEN = "#8a8f98", "#4b5661", "#1d5fa8"
_MOST_LABELS = 8
_LINGERS = 0.5
"""Seconds between two pictures of the same thing that are shown as one span."""


def page(
    found: Result, expected: Expectations, observed: Observation, labels: Labels, album: Album
) -> str:
    """Return the page. Every text of a bag or file is escaped, and nothing is loaded."""
    name = Path(found.bag).name
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    rows = _rows(observed, labels)
    sections = [
        f"<h1>{escape(name)}</h1>",
        f"<p>{found.seconds:.1f} s, played at {found.speed:.1f} times real time through "
        f"{escape(', '.join(found.nodes)) or 'no node'}</p>",
        *(f'<p class="wrong">{escape(one)}</p>' for one in found.problems),
        *_section("Numbers", _table(found.verdicts(expected))),
        *_section("What it decided", _timeline(rows, observed)),
        *_section(
            "From the picture to the decision",
            histogram(observed.latencies, "ms") if observed.latencies else "",
        ),
        *_section("Where it was", _path(observed)),
        *_section("When it decided otherwise", _album(album)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(name)}</title><style>{style}</style></head><body>"
        + "\n".join(sections)
        + "</body></html>\n"
    )


def _section(title: str, content: str) -> Iterator[str]:
    if content:
        yield f'<h2>{escape(title)}</h2><div class="wide">{content}</div>'


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = []
    for one in verdicts:
        mark = "" if one.expected is None else "ok" if one.right else "wrong"
        rows.append(
            f'<tr><td>{one.name}</td><td class="number">{escape(shown(one))}</td>'
            f'<td class="number">{escape(str(one.expected or ""))}</td>'
            f'<td class="{mark}">{mark}</td><td>{escape(one.metric.meaning)}</td></tr>'
        )
    head = "<tr><th>number</th><th>value</th><th>expected</th><th></th><th>meaning</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>" if rows else ""


def _rows(observed: Observation, labels: Labels) -> list[tuple[str, list[Span]]]:
    """Return what is to be seen over time, from truth to decision."""
    rows = []
    if labels.hold is not None:
        rows.append(("must hold", _spans(labels.hold, observed.end, _MUST, "it must not move")))
    if observed.decided:
        rows.append(("decision", _decisions(observed)))
        rows.append(("blind", _spans(blind(observed), observed.end, _BLIND, "no fresh input")))
    times: dict[str, list[float]] = {}
    for seen in observed.seen:
        for label in {label for label, _ in seen.things}:
            times.setdefault(label, []).append(seen.time)
    most = sorted(times, key=lambda label: -len(times[label]))[:_MOST_LABELS]
    rows += [(label, _presence(label, times[label])) for label in most]
    return rows


def _timeline(rows: Sequence[tuple[str, list[Span]]], observed: Observation) -> str:
    if not rows:
        return ""
    colors = {  # of the actions, in the order in which they came
        f"{one.action}{' (safe)' if one.safe else ''}": action_color(one.action, one.safe)
        for one in observed.decided
    }
    keys = [
        f'<span class="key" style="background: {color}"></span>{escape(action)}'
        for action, color in colors.items()
    ]
    return timeline(rows, observed.end) + (f"<p>{''.join(keys)}</p>" if keys else "")


def _decisions(observed: Observation) -> list[Span]:
    """Return each decision from when to when it was in force."""
    ends = [one.time for one in observed.decided[1:]] + [observed.end]
    return [
        Span(
            one.time,
            end,
            action_color(one.action, one.safe),
            f"{one.action}{' (safe)' if one.safe else ''}: {one.reason}",
        )
        for one, end in zip(observed.decided, ends, strict=True)
    ]


def _spans(intervals: Sequence[Interval], end: float, color: str, said: str) -> list[Span]:
    return [Span(begin, min(until, end), color, said) for begin, until in intervals if begin < end]


def _presence(label: str, times: Sequence[float]) -> list[Span]:
    """Return when a label was seen, from picture to picture."""
    spans: list[Interval] = []
    for time in times:
        if spans and time - spans[-1][1] <= _LINGERS:
            spans[-1] = (spans[-1][0], time)
        else:
            spans.append((time, time))
    return [Span(max(0.0, begin), end, _SEEN, label) for begin, end in spans]


def _path(observed: Observation) -> str:
    """Return the way on the plane; beside a truth, laid upon it, as it is compared."""
    own, truth = observed.path.rows(), observed.truth.rows()
    lines = [("truth", truth[:, 1:4])] if len(truth) else []
    lines += [("own", laid_upon(own, truth))] if len(own) else []
    if not lines:
        return ""
    legend = (
        "<p>blue: its own path, laid upon the truth; grey: the truth</p>" if len(truth) else ""
    )
    return paths(lines) + legend


def _album(album: Album) -> str:
    figures = [
        f'<figure><img alt="{escape(one.said)}" src="data:image/jpeg;base64,'
        f'{base64.b64encode(one.jpeg).decode()}"><figcaption>{one.time:.2f} s, '
        f"{escape(one.said)}</figcaption></figure>"
        for one in album.thumbnails
    ]
    more = f"<p>and {album.left_out} more</p>" if album.left_out else ""
    return f'<div class="album">{"".join(figures)}</div>{more}' if figures else ""
