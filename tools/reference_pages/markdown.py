"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import re


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join(
            "| " + " | ".join(" ".join(cell.split()) for cell in line) + " |" for line in lines
        )
        + "\n"
    )


def code(text: str) -> str:
    """Return it as code within a line."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


def block(text: str, language: str = "") -> str:
    """Return it as a block of code, whatever fences it has itself."""
    longest = max(
        (len(fence) for fence in re.findall(r"^\s*(`{3,})", text, re.MULTILINE)), default=2
    )
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def prose(text: str) -> str:
    """Return text that is not Markdown so that all of it is shown as it stands."""
    return re.sub(r"([\\*_\[\]<>|#])", r"\\\1", text)
