"""Compiles and proves networks as robots run them: ``python -m bench.corpus``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import re
import sys

from bench import command
from bench.corpus.attempts import attempt, known, UNTRIED
from bench.corpus.entry import Entry
from bench.corpus.exports import exported
from bench.corpus.packages import fetched, packaged
from bench.corpus.table import line, publish, show
from edge_compiler.terminal import say


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__)
    parser.add_argument(
        "--only",
        type=re.compile,
        metavar="REGEX",
        help="networks whose names match; try no others",
    )
    parser.add_argument(
        "--retry",
        action="store_true",
        help="after a change of the compiler try those that were not proven before, and no others",
    )
    parser.add_argument(
        "--publish", action="store_true", help="what came of all when they were tried; try nothing"
    )
    arguments = parser.parse_args()
    if arguments.publish:
        every = list(entries())
        tried = [found for entry in every if (found := known(entry)) is not None]
        return command.run(lambda: publish(tried, len(every)))
    return command.run(lambda: prove_corpus(arguments.only, retry=arguments.retry))


def prove_corpus(only: re.Pattern[str] | None, *, retry: bool) -> None:
    """
    Print a line for each network as it is done, and a table by source.

    :param only: which names; the results of all are published.
    """
    done = []
    for entry in entries():
        if only is None or only.search(entry.name):
            done.append(attempt(entry, retry=retry))
            say(line(done[-1]))
    say()
    show(done)
    if only is None:
        publish([one for one in done if one.result != UNTRIED], len(done))


def entries() -> Iterator[Entry]:
    """Yield all networks, the trained ones first."""
    yield from packaged()
    yield from fetched()
    yield from exported()


if __name__ == "__main__":
    sys.exit(main())
