"""The tables of ``python -m bench.int8``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from pathlib import Path

from bench.engines import OURS
from bench.engines.tiers import AVX2, FLOAT32, HALF, INT8, REDUCED, TIERS
from bench.int8_results import Kept
from bench.record import fill
from bench.turns import Piece
from edge_compiler.terminal import say, say_table

BEGIN, END = "<!-- printed by bench.int8 -->\n", "<!-- end of what bench.int8 prints -->\n"
_GAINS = (
    (HALF, FLOAT32),
    (INT8, FLOAT32),
    (f"{INT8} {AVX2}", f"{FLOAT32} {AVX2}"),
    (f"{REDUCED} {AVX2}", f"{FLOAT32} {AVX2}"),
)
"""What is compared with what, of ours."""


def show(found: Sequence[Kept]) -> None:
    """Print the tables and what follows from them."""
    for chosen in _by_threads(found):
        say()
        title = _title(chosen[0].threads)
        say_table(["engine", *(x.network for x in chosen)], _rows(chosen), title)
        for sentence in _sentences(chosen):
            say(sentence)


def publish(
    measured: Mapping[str, Sequence[Kept]], wanted: Sequence[tuple[str, int]], readme: Path
) -> None:
    """
    Put them into a page, and which of the wanted networks and threads are missing.

    :param measured: by processor.
    """
    parts = []
    for processor, found in measured.items():
        parts.append(f"{_origin(processor, found, wanted)}\n")
        for chosen in _by_threads(found):
            columns = ["engine", *(x.network for x in chosen)]
            lines = [columns, ["---"] * len(columns), *_rows(chosen)]
            table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
            said = "\n".join(f"- {sentence}" for sentence in _sentences(chosen))
            parts.append(f"\n{_title(chosen[0].threads)}:\n\n{table}\n\n{said}\n")
        parts.append("\n")
    fill(readme, BEGIN, END, "".join(parts).rstrip() + "\n")


def _origin(processor: str, found: Sequence[Kept], wanted: Sequence[tuple[str, int]]) -> str:
    """Return where and of what it was measured, and what was not."""
    commits = ", ".join(dict.fromkeys(kept.commit for kept in found))
    said = f"Measured on {processor}, with {commits}."
    there = {(kept.piece.network, kept.piece.threads) for kept in found}
    missing = [
        f"{name} with {threads}" for name, threads in wanted if (name, threads) not in there
    ]
    return f"{said} Not measured yet: {', '.join(missing)}." if missing else said


def _by_threads(found: Sequence[Kept]) -> list[list[Piece]]:
    pieces = [kept.piece for kept in found]
    counts = sorted({piece.threads for piece in pieces})
    return [[piece for piece in pieces if piece.threads == count] for count in counts]


def _title(threads: int) -> str:
    count = f"{threads} thread{'s' if threads > 1 else ''}"
    return f"{count}: least and median ms; times our fastest's least; agreement with float32 in dB"


def _rows(pieces: Sequence[Piece]) -> list[list[str]]:
    names = [name for name in TIERS if any(piece.turn(name) for piece in pieces)]
    return [[name, *(_cell(piece, name) for piece in pieces)] for name in names]


def _cell(piece: Piece, name: str) -> str:
    turn, best = piece.turn(name), _fastest(piece, ours=True)
    if turn is None:
        return "-"
    agreement = "exact" if math.isinf(turn.sqnr_db) and turn.sqnr_db > 0 else f"{turn.sqnr_db:.0f}"
    ratio = "" if best is None else f"; {turn.minimum_ms / best:.2f}"
    return f"{turn.minimum_ms:.2f}, {turn.median_ms:.2f}{ratio}; {agreement}"


def _fastest(piece: Piece, *, ours: bool) -> float | None:
    """Return the least time of ours, or of the others, without those that answer with noise."""
    times = [
        turn.minimum_ms
        for turn in piece.turns
        if turn.engine.startswith(f"{OURS} ") == ours and turn.sqnr_db > 0
    ]
    return min(times, default=None)


def _sentences(pieces: Sequence[Piece]) -> list[str]:
    """Return the gains over float32, and over the others."""
    said = []
    for tier, float32 in _GAINS:
        gains = []
        for piece in pieces:
            plain, other = piece.turn(f"{OURS} {float32}"), piece.turn(f"{OURS} {tier}")
            if plain and other:
                gains.append(plain.minimum_ms / other.minimum_ms)
        if gains:
            mean = math.exp(sum(map(math.log, gains)) / len(gains))
            said.append(
                f"{tier} is {mean:.2f} times as fast as our {float32}, by geometric mean "
                f"({min(gains):.2f} to {max(gains):.2f})"
            )
    ratios = {}
    for piece in pieces:
        ours, others = _fastest(piece, ours=True), _fastest(piece, ours=False)
        if ours and others:
            ratios[piece.network] = others / ours
    if ratios:
        won = sum(ratio > 1 for ratio in ratios.values())
        each = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        said.append(f"our fastest beats all others on {won} of {len(ratios)} networks: {each}")
    return said
