"""The table in ``docs/cloud.md``, written anew from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.engines import ROOT
from bench.record import fill
from edge_perception.cloud import results
from edge_perception.cloud.compare import Run, Wanted

PAGE = ROOT / "docs" / "cloud.md"
PLOT = ROOT / "docs" / "cloud.png"
BEGIN, END = "<!-- made by make bench-cloud -->\n", "<!-- end -->\n"


def write(facts: Mapping[str, Any], wanted: Wanted, runs: Sequence[Run]) -> None:
    """
    Put the table in its place.

    :raises BenchError: if the page has no place for it.
    """
    fill(PAGE, BEGIN, END, table(facts, wanted, runs))


def table(facts: Mapping[str, Any], wanted: Wanted, runs: Sequence[Run]) -> str:
    """Return the table, and of what it is, in Markdown."""
    head = ["network", "who", *results.COLUMNS[2:]]
    lines = ["", f"| {' | '.join(head)} |", f"|---|---|{'--:|' * (len(head) - 2)}"]
    lines += [f"| {' | '.join(row)} |" for row in results.rows(runs)]
    said = caption(facts, wanted)
    text = f"{_sentence(said)}, printed by `make bench-cloud`. {_sentence(results.energy(runs))}."
    return "\n".join([*lines, "", text, "", ""])


def caption(facts: Mapping[str, Any], wanted: Wanted) -> str:
    """Return of what, where and when it is."""
    busy = facts["load average"] > 1.5 * facts["cores"]
    beside = ", by processes of real time beside other work" if facts["real time"] and busy else ""
    return (
        f"{wanted.model.stem}, {wanted.rate:g} images/s, {facts['cores']} cores of"
        f" {facts['processor']}{beside}, {facts['date'][:10]}"
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
