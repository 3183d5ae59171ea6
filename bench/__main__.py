"""Runs the benchmark: ``python -m bench``."""

from __future__ import annotations

import argparse
import sys

from bench.command import add_choice, counts, positive, run_alone
from bench.engines import ENGINES
from bench.networks import NETWORKS
from bench.run import Plan, run, THREADS


def main() -> int:
    """Return the exit status."""
    arguments = vars(parse_arguments())
    return run_alone(lambda: run(Plan(**arguments)))


def parse_arguments() -> argparse.Namespace:
    """Return what the user wants."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add_choice(parser, "--engines", list(ENGINES))
    add_choice(parser, "--models", list(NETWORKS))
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
    parser.add_argument("--again", action="store_true", help="measure what was measured, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
