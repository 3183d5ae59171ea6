"""Shows results on the terminal."""

from __future__ import annotations

from bench.engines import OURS
from bench.measure import C_PROGRAM
from bench.results import Results
from edge_compiler.terminal import note, say, say_table
from edge_compiler.units import Quantity, size

NONE = Quantity("-")


def show(results: Results) -> None:
    """Print all tables."""
    machine = results.machine
    say(f"{machine.processor}, {machine.cores} cores, {machine.system}", style="bold")
    for count, ceiling in machine.ceilings.items():
        peaks = ", ".join(
            f"{value:.0f} with {width}-bit" for width, value in ceiling.gflops.items()
        )
        say(f"{_count(count)}: GFLOP/s {peaks} vectors; reads {ceiling.read_gbs:.0f} GB/s")
    for threads in results.threads:
        for which in ("minimum_ms", "median_ms"):
            say()
            _show_latencies(results, threads, which)
    titles = {
        "start_ms": "Start of a process to its first answer, 1 thread",
        "peak_rss": "Most memory of that process",
        "installed_bytes": "Installed: the engine's package and what it loads",
    }
    for quantity, title in titles.items():
        say()
        _show_footprints(results, quantity, title)
    say()
    _show_engines(results)
    for failure in results.failures:
        note(failure, style="yellow")


def _show_latencies(results: Results, threads: int, which: str) -> None:
    rows = []
    for network, work in results.networks.items():
        row: list[object] = [network]
        for engine in results.engines:
            latency = results.latency(network, engine, threads)
            if latency is None:
                row.append(NONE)
            elif not latency.correct and results.engines[engine].float32:
                row.append(Quantity(f"wrong by {latency.error:.0e}"))
            else:
                row.append(Quantity(f"{getattr(latency, which):.2f}"))
        row.append(_ratio(results.ratio(network, threads, which)))
        ours = results.latency(network, OURS, threads)
        floor = work.floor_ms[str(threads)]
        row.append(Quantity(f"{floor / getattr(ours, which):.0%}") if ours else NONE)
        rows.append(row)
    mean = _ratio(results.mean_ratio(threads, which))
    rows.append(["geometric mean", *[Quantity("")] * len(results.engines), mean, Quantity("")])
    title = f"{_count(threads)}, {which.removesuffix('_ms')} in ms"
    say_table(["network", *results.engines, "best other / ours", "share of peak"], rows, title)


def _show_footprints(results: Results, quantity: str, title: str) -> None:
    engines = list(dict.fromkeys(footprint.engine for footprint in results.footprints))
    rows = []
    for network in results.networks:
        row: list[object] = [network]
        for engine in engines:
            found = results.footprint(network, engine)
            value = getattr(found, quantity) if found else None
            if value is None:
                row.append(NONE)
            else:
                row.append(Quantity(f"{value:.0f} ms") if quantity == "start_ms" else size(value))
        rows.append(row)
    say_table(["network", *engines], rows, title)


def _show_engines(results: Results) -> None:
    rows = []
    for name, engine in results.engines.items():
        arithmetic = "float32" if engine.float32 else "its own choice, may be bfloat16"
        rows.append([name, engine.version, arithmetic, size(engine.package_bytes)])
    say_table(["engine", "version", "arithmetic", "package"], rows)
    say(f"{OURS} needs no package: a model's library is all; {C_PROGRAM} has no Python either.")


def _count(threads: int | str) -> str:
    return f"{threads} thread{'' if int(threads) == 1 else 's'}"


def _ratio(value: float | None) -> Quantity:
    return NONE if value is None else Quantity(f"{value:.2f}")
