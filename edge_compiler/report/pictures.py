"""Where things go in the pictures of the page; ``pictures.html.j2`` draws them as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from typing import Any

from edge_compiler.units import size
from edge_perception.runtime.manifest import GROUPS, OTHER

Report = Mapping[str, Any]
Picture = dict[str, Any]

CHART_WIDTH, CHART_HEIGHT = 1000, 200
MARGIN_LEFT, MARGIN_TOP, MARGIN_BOTTOM = 64, 12, 26
LEAST_DROP = 1e-4
"""Of accuracy, that fills a chart."""
LEAST_ERROR = 1e-9
"""Where the scale of errors begins; float32 has seven digits."""
NUMBER_WIDTH = 29
"""Of the number of a step below a chart, with space around it."""
MAP_HEIGHT = 300
COLORS = 6
"""Of the memory map, in turns."""
LABEL_WIDTH, LABEL_HEIGHT = 6.5, 14
"""Of a letter; of a line."""
ROW, LANE, NODE_SIZE = 24, 14, 12


def times(report: Report) -> Picture:
    """Return the chart of the time of every step."""
    most = max((step["milliseconds"] for step in report["steps"]), default=0) or 1
    top = _round_up(most)
    ticks = [(top * i / 4, f"{top * i / 4:.3g} ms") for i in range(5)]
    return _chart(
        [step["milliseconds"] / top for step in report["steps"]],
        [_group_class(step["group"]) for step in report["steps"]],
        [(value / top, text) for value, text in ticks],
    )


def errors(report: Report) -> Picture:
    """Return the chart of the error of every step, on a logarithmic scale, with the tolerance."""
    tolerance = report["proof"]["tolerance"]
    lowest = math.log10(LEAST_ERROR)
    span = math.ceil(math.log10(tolerance)) + 0.5 - lowest

    def height(error: float) -> float:
        return min(1.0, max(0.0, (math.log10(max(error, LEAST_ERROR)) - lowest) / span))

    powers = range(round(lowest), math.ceil(math.log10(tolerance)) + 1)
    found = [step["error"] for step in report["steps"]]
    return _chart(
        [0.0 if error is None else height(error) for error in found],
        ["error"] * len(found),
        [(height(10.0**power), f"1e{power}") for power in powers],
    ) | {"limit": _chart_y(height(tolerance))}


def accuracy(report: Report) -> Picture:
    """Return the chart of what is lost, from most in integers to least."""
    drops = [point["drop"] for point in report["accuracy"]["curve"]]
    most = max(*drops, LEAST_DROP)
    ticks = [(share, f"{share * most:.1%}") for share in (0.0, 0.5, 1.0)]
    return _chart([drop / most for drop in drops], ["drop"] * len(drops), ticks)


def _chart(heights: Sequence[float], classes: Sequence[str], ticks: Sequence[Any]) -> Picture:
    """Return a chart of columns, whose heights are fractions of the chart's."""
    step = _step_width(len(heights))
    return {
        "width": CHART_WIDTH,
        "height": CHART_HEIGHT,
        "left": MARGIN_LEFT,
        "columns": [
            {
                "x": round(MARGIN_LEFT + i * step, 2),
                "y": _chart_y(height),
                "width": round(min(step * 0.8, 60), 2),
                "height": round(_chart_y(0) - _chart_y(height), 2),
                "class": name,
                "step": i,
            }
            for i, (height, name) in enumerate(zip(heights, classes, strict=True))
        ],
        "rows": [{"y": _chart_y(height), "text": text} for height, text in ticks],
        "numbers": _numbers(len(heights)),
    }


def _step_width(steps: int) -> float:
    return (CHART_WIDTH - MARGIN_LEFT) / max(1, steps)


def _numbers(steps: int) -> list[Picture]:
    """Return the numbers of steps below a chart, as many as have room."""
    width = _step_width(steps)
    every = math.ceil(NUMBER_WIDTH / width)
    return [{"x": round(MARGIN_LEFT + i * width, 2), "text": i} for i in range(0, steps, every)]


def _chart_y(height: float) -> float:
    return round(
        CHART_HEIGHT - MARGIN_BOTTOM - height * (CHART_HEIGHT - MARGIN_TOP - MARGIN_BOTTOM), 2
    )


def _round_up(value: float) -> float:
    """Return the next number with one leading digit, or half of one: 1, 1.5, 2, 3 ..."""
    unit = 10.0 ** math.floor(math.log10(value))
    steps = (unit * step for step in (1, 1.5, 2, 3, 4, 5, 6, 8))
    return next((step for step in steps if step >= value), 10 * unit)


def _group_class(group: str) -> str:
    return f"group{GROUPS.index(group)}"


def memory(report: Report) -> Picture:
    """Return the rectangles of the memory map: steps to the right, addresses upwards."""
    step = _step_width(len(report["steps"]))
    arena = report["arena_bytes"] or 1
    bottom = MAP_HEIGHT - MARGIN_BOTTOM
    scale = (bottom - MARGIN_TOP) / arena
    rectangles = []
    for index, allocation in enumerate(report["allocations"]):
        width = (allocation["last"] - allocation["first"] + 1) * step
        height = allocation["bytes"] * scale
        fits = len(allocation["value"]) * LABEL_WIDTH < width and height > LABEL_HEIGHT
        rectangles.append(
            {
                "x": round(MARGIN_LEFT + allocation["first"] * step, 2),
                "y": round(bottom - (allocation["offset"] + allocation["bytes"]) * scale, 2),
                "width": round(width, 2),
                "height": round(height, 2),
                "color": index % COLORS,
                "allocation": allocation,
                "label": allocation["value"] if fits else "",
            }
        )
    return {
        "width": CHART_WIDTH,
        "height": MAP_HEIGHT,
        "left": MARGIN_LEFT,
        "rectangles": rectangles,
        "rows": [
            {"y": round(bottom - arena * i / 4 * scale, 2), "text": size(arena * i / 4)}
            for i in range(5)
        ],
        "numbers": _numbers(len(report["steps"])),
    }


def groups_of_nodes(report: Report) -> dict[str, str]:
    """Return the group in which the time of each ONNX node is counted, by name."""
    return {name: step["group"] for step in reversed(report["steps"]) for name in step["nodes"]}


def drawing(nodes: Sequence[Mapping[str, Any]], groups: Mapping[str, str]) -> Picture:
    """
    Return the drawing of a graph: a node a line, in execution order.

    What a node computes flows down to the next line, or through a lane on the left to those that
    read it further down.

    :param groups: that the nodes are coloured by; those that cost no step are in none.
    """
    readers: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for source in node["reads"]:
            readers[source].append(index)
    lanes = _lanes(
        [(i, max(found)) for i, found in enumerate(readers) if found and max(found) > i + 1]
    )
    left = (max(lanes.values(), default=-1) + 1) * LANE + NODE_SIZE
    edges = []
    for source, found in enumerate(readers):
        start = source * ROW + ROW // 2
        if source + 1 in found:
            edges.append(f"M{left} {start}V{start + ROW}")
        if source in lanes:
            x = left - (lanes[source] + 1) * LANE
            end = max(found) * ROW + ROW // 2
            edges.append(f"M{left} {start}Q{x} {start} {x} {start + ROW // 2}V{end - ROW // 2}")
            for target in found:
                if target > source + 1:
                    y = target * ROW + ROW // 2
                    edges.append(f"M{x} {y - ROW // 2}Q{x} {y} {left} {y}")
    return {
        "left": left,
        "width": left + 440,
        "height": max(1, len(nodes)) * ROW,
        "edges": edges,
        "nodes": [
            {"y": i * ROW + ROW // 2, "node": node, "class": _node_class(node, groups)}
            for i, node in enumerate(nodes)
        ],
    }


def _node_class(node: Mapping[str, Any], groups: Mapping[str, str]) -> str:
    found = (groups[name] for name in node["nodes"] if name in groups)
    return _group_class(next(found, OTHER))


def _lanes(spans: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return the lane of each span by its start: short ones inside, none cuts another."""
    lanes: list[list[tuple[int, int]]] = []
    found: dict[int, int] = {}
    for start, end in sorted(spans, key=lambda span: (span[1] - span[0], span)):
        free = (
            number
            for number, lane in enumerate(lanes)
            if all(end <= other_start or other_end <= start for other_start, other_end in lane)
        )
        found[start] = next(free, len(lanes))
        if found[start] == len(lanes):
            lanes.append([])
        lanes[found[start]].append((start, end))
    return found
