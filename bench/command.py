"""What the benchmarks' command lines share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from bench.cache import alone, BenchError
from edge_compiler.errors import CompileError
from edge_compiler.terminal import note


def run_alone(benchmark: Callable[[], int | None]) -> int:
    """Run a benchmark if no other one runs, and return the exit status; say why it failed."""

    def measure() -> int | None:
        with alone():
            return benchmark()

    return run(measure)


def run(benchmark: Callable[[], int | None]) -> int:
    """Run what measures no time, and return the exit status; say why it failed."""
    try:
        return benchmark() or 0
    except (BenchError, CompileError) as error:
        note(f"bench: {error}", style="red")
        return 1
    except KeyboardInterrupt:
        note("bench: interrupted; no results were written")
        return 130


def add_choice(parser: argparse.ArgumentParser, option: str, choices: Sequence[str]) -> None:
    """Add an option that takes some of the choices, by default all."""

    def chosen(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in choices]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(choices)}")
        return [name for name in choices if name in names]

    parser.add_argument(
        option,
        type=chosen,
        default=choices,
        metavar="NAME,NAME",
        help=f"some of: {', '.join(choices)}".replace("%", "%%"),
    )


def positive(text: str) -> int:
    """Return a count of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return int(text)


def counts(text: str) -> list[int]:
    """Return the counts in a list with commas."""
    return sorted({positive(part) for part in text.split(",")})
