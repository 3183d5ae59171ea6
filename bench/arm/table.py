"""Shows counts on the terminal."""

from __future__ import annotations

from bench.arm.results import Count, Results
from bench.engines import OURS
from edge_compiler.terminal import note, say, say_table
from edge_compiler.units import Quantity, size

NONE = Quantity("-")


def show(results: Results) -> None:
    """Print all tables."""
    say("Instructions, not times; one thread, batch 1", "bold")
    spread = max((count.counted.spread for count in results.counts), default=0.0)
    say(f"{results.emulator}; runs of the same network differ by {spread:.3%} at most")
    for group in results.groups:
        say()
        _show_counts(results, group)
    say()
    _show_libraries(results)
    say()
    _show_engines(results)
    for failure in results.failures:
        note(failure, style="yellow")


def _show_counts(results: Results, group: tuple[str, str]) -> None:
    rows: list[list[object]] = []
    for engine in results.of(group):
        counts = (results.count(network, engine) for network in results.networks)
        rows.append([engine, *map(_instructions, counts)])
    ratios = (results.ratio(network, group) for network in results.networks)
    cells = (NONE if ratio is None else Quantity(f"{ratio:.2f}") for ratio in ratios)
    rows.append([f"best other / {OURS}", *cells])
    columns = ["engine", *results.networks]
    processor, precision = group
    say_table(columns, rows, f"Million instructions a run on a {processor}, {precision}")


def _instructions(count: Count | None) -> Quantity:
    if count is None:
        return NONE
    if not count.correct:
        return Quantity(f"wrong by {count.error:.0e}")
    return _millions(count.counted.instructions)


def _show_libraries(results: Results) -> None:
    """Print where our instructions go, and what memory our libraries take."""
    compiled = [count for count in results.counts if count.counted.groups]
    groups = list(dict.fromkeys(name for count in compiled for name in count.counted.groups))
    rows = [
        (
            count.network,
            count.engine,
            *(_millions(count.counted.groups[name]) for name in groups),
            size(count.counted.arena_bytes or 0),
            size(count.counted.loaded_bytes),
        )
        for count in compiled
    ]
    columns = ["network", "compiled for", *groups, "arena", "library"]
    say_table(columns, rows, "Million instructions by group of steps; memory for tensors; size")


def _millions(instructions: int) -> Quantity:
    return Quantity(f"{instructions / 1e6:.2f}")


def _show_engines(results: Results) -> None:
    rows = []
    for name, engine in results.engines.items():
        row: list[object] = [name, engine.version]
        for network in results.networks:
            count = results.count(network, name)
            used = count.counted.memory_bytes if count else None
            row.append(size(used) if used else NONE)
        rows.append([*row, size(engine.package_bytes) if engine.package_bytes else NONE])
    say_table(
        ["engine", "version", *results.networks, "package"],
        rows,
        "Memory in use after the runs, Python's included; size of the package",
    )
