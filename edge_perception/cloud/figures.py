"""What a run's record comes to, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_perception.cloud.link import Traffic
from edge_perception.cloud.record import Record, Said

BUDGET, SOON = 500.0, 100.0
"""Milliseconds from an image to the decision on it: at most, and as it should be."""
_MS = 1e6  # ns


@dataclass(frozen=True)
class Figures:
    """
    Of one run; times are in milliseconds, and None where there was no decision to count.

    :ivar frames: images that the camera took.
    :ivar decided: those that a decision was made on.
    :ivar p50: from an image's stamp to the first decision on it, of those decided.
    :ivar jitter: mean difference of these times from one decision to the next.
    :ivar p99_acting: as `p99`, of the decisions that were not the safe action.
    :ivar soon: share of all images that were decided on within `SOON`.
    :ivar in_time: the same within `BUDGET`.
    :ivar safe: share of the time in which the safe action held, since nothing fresh was seen.
    :ivar gap: the longest time without a decision, of whatever kind.
    :ivar blind: the longest time without a decision on another image.
    :ivar sent: bytes an image from the robot to the server; 0: none is asked.
    :ivar received: the other way.
    :ivar cpu: processor time an image [ms].
    :ivar joules: an image, of all that `meter` is of; None: not known.
    :ivar asked: what became of the requests.
    """

    frames: int
    decided: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    jitter: float | None
    p99_acting: float | None
    soon: float
    in_time: float
    safe: float
    gap: float
    blind: float
    sent: float
    received: float
    cpu: float
    joules: float | None
    meter: str
    asked: Mapping[str, int]

    @property
    def keeps(self) -> bool:
        """Return whether decisions are soon or safe, and never longer away than `BUDGET`."""
        is_soon = self.p99_acting is None or self.p99_acting <= SOON
        return is_soon and self.gap <= BUDGET


def figures(record: Record, traffic: Traffic) -> Figures:
    """
    Return what a record comes to.

    :param traffic: what went to the server and back while its images counted.
    """
    first = _first(record.decisions, record.frames)
    ages = [(said.at - said.stamp) / _MS for said in first]
    acting = [age for age, said in zip(ages, first, strict=True) if not said.is_safe]
    count = len(record.frames)
    p50, p95, p99, longest = _percentiles(ages, (50, 95, 99, 100))
    return Figures(
        count,
        len(first),
        p50,
        p95,
        p99,
        longest,
        float(np.mean(np.abs(np.diff(ages)))) if len(ages) > 1 else None,
        _percentiles(acting, (99,))[0],
        sum(age <= SOON for age in ages) / count,
        sum(age <= BUDGET for age in ages) / count,
        _safe(record),
        _gap(record, [said.at for said in record.decisions]),
        _gap(record, [said.at for said in first]),
        traffic.up / count,
        traffic.down / count,
        record.cpu * 1e3 / count,
        None if record.joules is None else record.joules / count,
        record.meter,
        record.asked,
    )


def _first(decisions: Sequence[Said], frames: Sequence[int]) -> list[Said]:
    """Return the first decision on each image that there is one on."""
    found: dict[int, Said] = {}
    for said in decisions:
        found.setdefault(said.stamp, said)
    return [found[stamp] for stamp in frames if stamp in found]


def _percentiles(values: Sequence[float], percents: Sequence[int]) -> list[float | None]:
    if not values:
        return [None] * len(percents)
    return [float(one) for one in np.percentile(values, percents)]


def _safe(record: Record) -> float:
    """Return the share of the time in which the newest decision was the safe action."""
    begin, end = record.begin, record.end
    safe, since, held = True, begin, 0  # before anything is decided, nothing moves
    for said in record.decisions:
        at = min(max(said.at, begin), end)
        held += (at - since) * safe
        safe, since = said.is_safe, at
    return (held + (end - since) * safe) / (end - begin)


def _gap(record: Record, moments: Sequence[int]) -> float:
    """Return the longest time between moments, those of begin and end among them [ms]."""
    within = [at for at in moments if record.begin <= at <= record.end]
    return (
        max(later - earlier for earlier, later in pairwise([record.begin, *within, record.end]))
        / _MS
    )
