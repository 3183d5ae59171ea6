"""The rows of ``python -m bench.precision``: their file, and the table of docs/precision.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
from pathlib import Path

from bench.record import circumstances, fill, write

BEGIN = "<!-- printed by bench.precision -->\n"
END = "<!-- end of what bench.precision prints -->\n"
_COMPARED = {
    "labels": "right labels",
    "top-1": "first answer",
    "boxes": "boxes",
    "embeddings": "embedding",
    "tensors": "outputs",
}


@dataclass(frozen=True)
class Row:
    """
    What a method makes of a network; `drop` is of the measure, see `Accuracy`.

    :ivar integer_macs: share of the multiply-accumulates in integers.
    :ivar commit: of the sources.
    """

    network: str
    method: str
    measure: str
    drop: float
    sqnr_db: float
    integer_macs: float
    samples: int
    commit: str


def merge(path: Path, rows: Sequence[Row]) -> list[Row]:
    """Put rows into a file, in place of those of the same networks and methods; return all."""
    known = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    found = {(row["network"], row["method"]): Row(**row) for row in known}
    found |= {(row.network, row.method): row for row in rows}
    write(path, circumstances() | {"rows": [asdict(row) for row in found.values()]})
    return list(found.values())


def publish(
    rows: Sequence[Row], methods: Sequence[str], networks: Sequence[str], page: Path
) -> None:
    """Put the table into a page."""
    there = {(row.network, row.method): row for row in rows}
    lines = [["network", "compared", *methods], ["---"] * (len(methods) + 2)]
    for network in networks:
        mine = [there.get((network, method)) for method in methods]
        measure = next((row.measure for row in mine if row is not None), None)
        if measure is not None:
            lines.append([network, _COMPARED[measure], *map(_cell, mine)])
    fill(page, BEGIN, END, "".join(f"| {' | '.join(line)} |\n" for line in lines))


def _cell(row: Row | None) -> str:
    return "" if row is None else f"{row.drop:.1%}, {row.sqnr_db:.1f} dB".replace("%", " %")
