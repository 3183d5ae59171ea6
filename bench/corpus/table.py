"""What came of the corpus: on the terminal, in ``bench/results`` and in the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
import json
import re

from bench.corpus.attempts import Attempt, FAILED, MISSING, PROVEN, REFUSED, UNTRIED, WRONG
from bench.engines import ROOT
from edge_compiler.terminal import say, say_table

RESULTS = ROOT / "bench" / "results" / "corpus.json"
DOCUMENT = ROOT / "docs" / "corpus.md"
_HEAD = """\
# Networks that were tried

Printed by `python -m bench.corpus`, which compiles and proves them, and writes this page.
Networks in packages are trained; those of torch, timm, torchvision and ultralytics have random
weights (`.dynamo`: by PyTorch's newer exporter). Nodes are those of the file, seconds those of a
processor for reading, compiling, proving and measuring; the error is the worst of a step, relative
to the largest value.

"""


def line(attempt: Attempt) -> str:
    """Return what came of a network, in a line."""
    return (
        f"{attempt.name:48} {attempt.nodes:5} nodes {attempt.seconds:6.1f} s  {attempt.result}"
        + (f" {attempt.worst_error:.1e}" if attempt.result == PROVEN else f": {attempt.sentence}")
    )


def show(attempts: Sequence[Attempt]) -> None:
    """Print how many of each source came to what."""
    say_table(("source", *_ALL_RESULTS), _counts(attempts, _ALL_RESULTS))


def publish(attempts: Sequence[Attempt], count: int) -> None:
    """
    Write results and the page.

    :param count: of all networks, of which some may not have been tried.
    """
    data = {
        "measured": datetime.now(timezone.utc).date().isoformat(),
        "listed": count,
        "networks": [asdict(attempt) for attempt in attempts],
    }
    RESULTS.write_text(json.dumps(data, indent=1) + "\n")
    rows = [
        (
            a.name,
            a.source,
            a.nodes,
            f"{a.result} ({a.worst_error:.0e})" if a.result == PROVEN else a.result,
            f"{a.seconds:.0f}",
        )
        for a in attempts
    ]
    left = [f"- **{a.name}**: {_escaped(a.sentence)}" for a in attempts if a.result != PROVEN]
    DOCUMENT.write_text(
        _HEAD
        + f"{len(attempts)} of {count} networks were tried.\n\n"
        + _markdown(("source", *_RESULTS), _counts(attempts, _RESULTS))
        + "\n"
        + _markdown(("network", "source", "nodes", "result", "seconds"), rows)
        + ("\n## What was not proven, and why\n" + "\n".join(left) + "\n" if left else "")
    )
    say(f"written: {RESULTS.relative_to(ROOT)}, {DOCUMENT.relative_to(ROOT)}")


_RESULTS = (PROVEN, REFUSED, WRONG, FAILED, MISSING)
_ALL_RESULTS = (*_RESULTS, UNTRIED)


def _counts(attempts: Sequence[Attempt], results: Sequence[str]) -> list[tuple[object, ...]]:
    """Return a row for each kind of source, and one for all."""
    counts = Counter((attempt.name.partition("/")[0], attempt.result) for attempt in attempts)
    kinds = list(dict.fromkeys(kind for kind, _ in counts))
    rows = [(kind, *(counts[kind, result] for result in results)) for kind in kinds]
    total = ("all", *(sum(counts[kind, result] for kind in kinds) for result in results))
    return [*rows, total]


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([|*_<\[`])", r"\\\1", text)
