"""The numbers of a replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math

import numpy as np

from edge_perception.replay.intervals import (
    contains,
    delays,
    Interval,
    length,
    outside,
    overlap,
    true_in,
)
from edge_perception.replay.labels import Box, Labels
from edge_perception.replay.observation import Observation
from edge_perception.replay.series import Seen
from edge_perception.replay.trajectory import compare

Numbers = Mapping[str, float]
"""By the name of a metric; what can't be known of a bag is missing."""
_NEAR = 0.06
"""Seconds that a picture and a marked one may be apart."""
_SAME = 0.5
"""Share of the union that two boxes of the same thing have in common at least."""


@dataclass(frozen=True)
class Metric:
    """
    What is measured.

    :ivar unit: empty: a number of things.
    :ivar meaning: one line.
    """

    unit: str
    meaning: str


METRICS: Mapping[str, Metric] = {
    "time_to_stop": Metric("s", "longest from when it must hold until it does"),
    "hold": Metric("%", "of the time in which it must hold, in which it does"),
    "time_to_resume": Metric("s", "longest from when it may go on until it does"),
    "false_stops": Metric("%", "of the time in which it may go, in which it holds"),
    "time_blind": Metric("s", "in which an input was missing or stale, or nothing was decided"),
    "latency_p50": Metric("ms", "half of the decisions on a picture came within"),
    "latency_p95": Metric("ms", "95 % of the decisions on a picture came within"),
    "latency_p99": Metric("ms", "99 % of the decisions on a picture came within"),
    "drops": Metric("%", "of the pictures that were superseded before they were looked at"),
    "precision": Metric("%", "of the pictures with a thing of a marked label, that have it"),
    "recall": Metric("%", "of the pictures that have a marked thing, in which it was seen"),
    "box_precision": Metric("%", "of the boxes of marked pictures that are right"),
    "box_recall": Metric("%", "of the marked boxes that were found"),
    "box_iou": Metric("%", "mean overlap of marked boxes with those that were found"),
    "ate": Metric("m", "root mean square distance of the path from the truth"),
    "rpe": Metric("m", "root mean square error of where a metre of the way leads"),
    "unlocks_true": Metric("", "times that it unlocked when it may"),
    "unlocks_false": Metric("", "times that it unlocked when it must not"),
}


def measure(observed: Observation, labels: Labels, hold: Sequence[str]) -> Numbers:
    """
    Return the numbers of a replay, in the order of `METRICS`.

    :param hold: the actions by which the robot does not move; a safe one always counts.
    """
    parts: list[Callable[[], Numbers]] = [
        lambda: _holding(observed, labels, hold),
        lambda: _blindness(observed),
        lambda: _latency(observed),
        lambda: _presence(observed, labels),
        lambda: _boxes(observed, labels),
        lambda: _path(observed),
        lambda: _unlocks(observed, labels),
    ]
    found = {name: value for part in parts for name, value in part().items()}
    return {name: found[name] for name in METRICS if name in found}


def held(observed: Observation, hold: Sequence[str]) -> list[Interval]:
    """Return when the robot did not move."""
    changes = [(one.time, one.safe or one.action in hold) for one in observed.decided]
    return true_in(changes, observed.end)


def blind(observed: Observation) -> list[Interval]:
    """Return when an input was missing or stale, or nothing was decided yet."""
    if not observed.decided:
        return [(0.0, observed.end)]
    return true_in(
        [(0.0, True), *((one.time, one.safe) for one in observed.decided)], observed.end
    )


def _holding(observed: Observation, labels: Labels, hold: Sequence[str]) -> Numbers:
    if labels.hold is None or not observed.decided:
        return {}
    is_held = held(observed, hold)
    free = outside(labels.hold, observed.end)
    goes = outside(is_held, observed.end)
    must = [(begin, min(end, observed.end)) for begin, end in labels.hold if begin < observed.end]
    numbers = {}
    if must:
        numbers["time_to_stop"] = max(delays(must, is_held, observed.end))
        numbers["hold"] = _percent(overlap(must, is_held), length(must))
        after = [interval for interval in free if interval[0] > 0]
        if after:
            numbers["time_to_resume"] = max(delays(after, goes, observed.end))
    if free:
        numbers["false_stops"] = _percent(overlap(free, is_held), length(free))
    return numbers


def _blindness(observed: Observation) -> Numbers:
    return {"time_blind": length(blind(observed))} if observed.decided else {}


def _latency(observed: Observation) -> Numbers:
    numbers = {}
    if observed.latencies:
        for percentile in (50, 95, 99):
            value = float(np.percentile(observed.latencies, percentile))
            numbers[f"latency_p{percentile}"] = value
    if observed.received:
        numbers["drops"] = _percent(observed.dropped, observed.received)
    return numbers


def _presence(observed: Observation, labels: Labels) -> Numbers:
    right = wrong = missed = 0
    for label, intervals in labels.see.items():
        for seen in observed.seen:
            found = any(name == label for name, _ in seen.things)
            there = contains(intervals, seen.time)
            right += found and there
            wrong += found and not there
            missed += there and not found
    return _rates("", right, wrong, missed)


def _boxes(observed: Observation, labels: Labels) -> Numbers:
    marked = _marked(labels.boxes) if isinstance(labels.boxes, tuple) else list(observed.boxes)
    if not marked or not observed.seen:
        return {}
    pictures = list(observed.seen)
    times = np.asarray([seen.time for seen in pictures])
    right = wrong = missed = 0
    overlaps: list[float] = []
    for truth in marked:
        index = int(np.argmin(np.abs(times - truth.time)))
        seen = pictures[index] if abs(times[index] - truth.time) <= _NEAR else Seen(0, ())
        pairs = _matched(truth, seen)
        right += len(pairs)
        missed += len(truth.things) - len(pairs)
        labels_here = {label for label, _ in truth.things}
        wrong += sum(label in labels_here for label, _ in seen.things) - len(pairs)
        overlaps += pairs
    iou = {"box_iou": 100 * float(np.mean(overlaps))} if overlaps else {}
    return {**_rates("box_", right, wrong, missed), **iou}


def _marked(boxes: Sequence[Box]) -> list[Seen]:
    """Return marked boxes by their pictures."""
    pictures: dict[float, list[Box]] = {}
    for one in boxes:
        pictures.setdefault(one.at, []).append(one)
    return [
        Seen(at, tuple((one.label, one.box) for one in found)) for at, found in pictures.items()
    ]


def _matched(truth: Seen, seen: Seen) -> list[float]:
    """Return the overlap of each marked box with the one that was found for it, best first."""
    pairs = sorted(
        (
            (_overlap(mark, box), i, j)
            for i, (label, mark) in enumerate(truth.things)
            for j, (name, box) in enumerate(seen.things)
            if label == name and mark is not None and box is not None
        ),
        reverse=True,
    )
    taken: set[tuple[str, int]] = set()
    found = []
    for share, i, j in pairs:
        if share >= _SAME and not taken & {("truth", i), ("seen", j)}:
            taken |= {("truth", i), ("seen", j)}
            found.append(share)
    return found


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return what two boxes have in common, as a share of their union."""
    sides = (
        min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis])
        for axis in (0, 1)
    )
    common = math.prod(max(0.0, side) for side in sides)
    union = one[2] * one[3] + other[2] * other[3] - common
    return common / union if union > 0 else 0.0


def _path(observed: Observation) -> Numbers:
    error = compare(observed.path.rows(), observed.truth.rows())
    if error is None:
        return {}
    relative = {} if math.isnan(error.relative) else {"rpe": error.relative}
    return {"ate": error.absolute, **relative}


def _unlocks(observed: Observation, labels: Labels) -> Numbers:
    if labels.unlock is None:
        return {}
    right = sum(contains(labels.unlock, time) for time in observed.unlocked)
    return {"unlocks_true": right, "unlocks_false": len(observed.unlocked) - right}


def _rates(prefix: str, right: int, wrong: int, missed: int) -> dict[str, float]:
    numbers = {}
    if right + wrong:
        numbers[f"{prefix}precision"] = _percent(right, right + wrong)
    if right + missed:
        numbers[f"{prefix}recall"] = _percent(right, right + missed)
    return numbers


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0
