"""Runs the benchmark: ``python -m bench``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import sys

from bench.cache import alone, BenchError
from bench.engines import ENGINES
from bench.networks import NETWORKS
from bench.run import Plan, run, THREADS
from edge_compiler.errors import CompileError
from edge_compiler.terminal import note


def main() -> int:
    """Return the exit status."""
    arguments = vars(parse_arguments())
    try:
        with alone():
            run(Plan(**arguments))
    except (BenchError, CompileError) as error:
        note(f"bench: {error}", style="red")
        return 1
    except KeyboardInterrupt:
        note("bench: interrupted; no results were written")
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    """Return what the user wants."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    for option, choices in (("--engines", list(ENGINES)), ("--models", list(NETWORKS))):
        parser.add_argument(
            option,
            type=lambda text, choices=choices: chosen(text, choices),  # type: ignore[misc]
            default=choices,
            metavar="NAME,NAME",
            help=f"some of: {', '.join(choices)}",
        )
    parser.add_argument("--threads", type=counts, default=list(THREADS), help="default: 1,2")
    parser.add_argument(
        "--rounds", type=positive, default=Plan.rounds, help="default: %(default)s"
    )
    parser.add_argument(
        "--seconds", type=float, default=Plan.seconds, help="a turn takes; default: %(default)s"
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="install the engines' current releases"
    )
    parser.add_argument(
        "--tune", action="store_true", help="compile with kernels measured on this machine"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="install and convert, measure nothing"
    )
    return parser.parse_args()


def chosen(text: str, choices: Sequence[str]) -> list[str]:
    """Return the names in a list with commas, in the order of the choices."""
    names = text.split(",")
    unknown = [name for name in names if name not in choices]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(choices)}")
    return [name for name in choices if name in names]


def positive(text: str) -> int:
    """Return a count of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return int(text)


def counts(text: str) -> list[int]:
    """Return the counts in a list with commas."""
    return sorted({positive(part) for part in text.split(",")})


if __name__ == "__main__":
    sys.exit(main())
