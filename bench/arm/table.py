"""Shows counts on the terminal."""

from __future__ import annotations

from bench.arm.results import Count, Results
from bench.engines import OURS
from edge_compiler.terminal import note, say, say_table
from edge_compiler.units import Quantity, size

NONE = Quantity("-")


def show(results: Results) -> None:
    """Print all tables."""
    say("Instructions, not times; float32, one thread, batch 1", "bold")
    spread = max((count.counted.spread for count in results.counts), default=0.0)
    say(f"{results.emulator}; runs of the same network differ by {spread:.3%} at most")
    for processor in results.processors:
        say()
        _show_counts(results, processor)
    say()
    _show_ours(results)
    say()
    _show_memory(results)
    say()
    _show_engines(results)
    for failure in results.failures:
        note(failure, style="yellow")


def _show_counts(results: Results, processor: str) -> None:
    engines = results.on(processor)
    rows = []
    for network in results.networks:
        counts = [results.count(network, engine) for engine in engines]
        ratio = results.ratio(network, processor)
        last = NONE if ratio is None else Quantity(f"{ratio:.2f}")
        rows.append([network, *map(_instructions, counts), last])
    columns = ["network", *engines, "best other / ours"]
    say_table(columns, rows, f"{processor}: million instructions a run")


def _instructions(count: Count | None) -> Quantity:
    if count is None:
        return NONE
    if not count.correct:
        return Quantity(f"wrong by {count.error:.0e}")
    return Quantity(_millions(count.counted.instructions))


def _show_ours(results: Results) -> None:
    """Print where our instructions go, and what memory our libraries take."""
    ours = [count for count in results.counts if count.counted.groups]
    groups = list(dict.fromkeys(name for count in ours for name in count.counted.groups))
    rows = [
        (
            count.network,
            count.engine.removeprefix(f"{OURS} "),
            *(_millions(count.counted.groups[name]) for name in groups),
            size(count.counted.arena_bytes or 0),
            size(count.counted.loaded_bytes),
        )
        for count in ours
    ]
    columns = ["network", "target", *groups, "arena", "library"]
    say_table(columns, rows, f"{OURS}: million instructions by group of steps, and bytes")


def _millions(instructions: int) -> Quantity:
    return Quantity(f"{instructions / 1e6:.2f}")


def _show_memory(results: Results) -> None:
    counted = {(x.network, x.engine): x.counted.memory_bytes for x in results.counts}
    engines = list(dict.fromkeys(engine for (_, engine), used in counted.items() if used))
    rows = []
    for network in results.networks:
        used = (counted.get((network, engine)) for engine in engines)
        rows.append([network, *(size(count) if count else NONE for count in used)])
    say_table(["network", *engines], rows, "Memory of the process, Python and numpy included")


def _show_engines(results: Results) -> None:
    rows = [
        (name, engine.version, size(engine.package_bytes) if engine.package_bytes else NONE)
        for name, engine in results.engines.items()
    ]
    say_table(["engine", "version", "package"], rows)
