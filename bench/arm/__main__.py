"""Counts the instructions that networks take on Arm: ``python -m bench.arm``."""

from __future__ import annotations

import argparse
import sys

from bench.arm.run import COMPETITORS, NETWORKS, Plan, run
from bench.command import add_choice
from bench.command import run as run_command


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.arm", description=__doc__)
    add_choice(parser, "--engines", COMPETITORS)
    add_choice(parser, "--models", NETWORKS)
    parser.add_argument("--again", action="store_true", help="count what was counted, too")
    arguments = vars(parser.parse_args())
    return run_command(lambda: run(Plan(**arguments)))


if __name__ == "__main__":
    sys.exit(main())
