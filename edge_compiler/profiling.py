"""Where the time of a run goes: by step, and by kind of step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
import statistics
import time
from typing import TypeVar

from edge_perception.runtime.manifest import GROUPS, Step

_Cost = TypeVar("_Cost", int, float)
LEAST_RUNS = 3
PEAK_SHARE = 0.1
"""Of the time of a measurement."""
Runs = Sequence[Sequence[int]]
"""Nanoseconds of every step, for each run."""


def sums_by_group(
    steps: Sequence[Step], costs: Sequence[_Cost]
) -> Iterator[tuple[str, int, _Cost, float]]:
    """Yield each group's name, its number of steps, the sum of their costs, and its share."""
    total = sum(costs)
    for name in GROUPS:
        members = [cost for step, cost in zip(steps, costs, strict=True) if step.group == name]
        yield name, len(members), sum(members), share_of(sum(members), total)


def share_of(part: float, total: float) -> float:
    """Return the share of a part in a total; none of nothing."""
    return part / total if total else 0.0


@dataclass(frozen=True)
class StepTime:
    """
    The time of a step.

    :ivar milliseconds: median: what to expect.
    :ivar share: of the sum over all steps.
    :ivar gflops: of its fastest run, the least disturbed: what the code can do. 2 operations a
        multiply-accumulate; those of the convolution as it is defined, so Winograd's method, which
        gets by with fewer, may exceed the peak. None without any.
    :ivar share_of_peak: None if that or the peak is unknown.
    """

    step: str
    kernel: str
    group: str
    milliseconds: float
    share: float
    gflops: float | None
    share_of_peak: float | None


@dataclass(frozen=True)
class GroupTime:
    """The sum over the steps of a group; ``share`` is that of the sum over all steps."""

    name: str
    steps: int
    milliseconds: float
    share: float


@dataclass(frozen=True)
class Profile:
    """
    A measurement.

    :ivar variant: the instruction set that ran.
    :ivar runs: of which the medians were taken.
    :ivar milliseconds: sum of the steps.
    :ivar peak_gflops: the most multiply-adds that as many threads can do, as GFLOP/s, the highest
        that was measured between the runs; None if it couldn't be measured.
    """

    variant: str
    threads: int
    runs: int
    milliseconds: float
    peak_gflops: float | None
    groups: tuple[GroupTime, ...]
    steps: tuple[StepTime, ...]


def in_turns(
    run: Callable[[], Runs],
    peak: Callable[[], float] | None,
    seconds: float,
    show: Callable[[Runs, float], None] = lambda runs, passed: None,
) -> tuple[Runs, Sequence[float]]:
    """
    Measure runs and the peak in turns, so that a busy moment of the machine hits both.

    :param run: observes a few.
    :param peak: returns GFLOP/s; None: there is nothing to measure.
    :param show: is told of the runs till now, and of the seconds that passed.
    :returns: all runs, and what the peak was between them.
    """
    runs: list[Sequence[int]] = []
    peaks: list[float] = []
    start, of_peak = time.perf_counter(), 0.0
    while len(runs) < LEAST_RUNS or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        if peak is not None and of_peak <= PEAK_SHARE * (begin - start):
            peaks.append(peak())
            of_peak += time.perf_counter() - begin
        runs += run()
        show(runs, time.perf_counter() - start)
    return runs, peaks


def make_profile(
    steps: Sequence[Step], runs: Runs, variant: str, threads: int, peaks: Sequence[float]
) -> Profile:
    """
    Summarise observed runs.

    Caches and busy neighbours disturb runs more than the peak, so medians of both would say more
    of the moment than of the code: the share of the peak compares the fastest of both.

    :param peaks: in GFLOP/s; none if the peak couldn't be measured.
    """
    peak_gflops = max(peaks, default=None)
    observed = list(zip(*runs, strict=True))
    medians = [statistics.median(times) / 1e6 for times in observed]
    total = sum(medians)
    times = tuple(
        _step_time(step, median, share_of(median, total), min(nanoseconds), peak_gflops)
        for step, median, nanoseconds in zip(steps, medians, observed, strict=True)
    )
    groups = tuple(GroupTime(*group) for group in sums_by_group(steps, medians))
    return Profile(variant, threads, len(runs), total, peak_gflops, groups, times)


def _step_time(
    step: Step, milliseconds: float, share: float, shortest: int, peak: float | None
) -> StepTime:
    gflops = 2 * step.macs / shortest if step.macs and shortest else None
    return StepTime(
        step=step.name,
        kernel=step.kernel,
        group=step.group,
        milliseconds=milliseconds,
        share=share,
        gflops=gflops,
        share_of_peak=gflops / peak if gflops is not None and peak else None,
    )
