"""
What edgec writes: results to standard output, progress and errors to standard error.

On a terminal it is coloured and moves; in a pipe or a log it is plain text, a line a stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
import re
import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from edge_compiler.progress import Progress as ProgressFunction
from edge_compiler.units import Quantity

LONGEST_WORD = 200
"""Characters of a name that are shown in a table or an error."""
PLAIN_WIDTH = 1000
"""Width where there is no terminal: nothing is wrapped or cut."""


class _Console(Console):
    """A console that leaves it to its program how to end when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(
        stderr=stderr,
        width=None if stream.isatty() else PLAIN_WIDTH,
        markup=False,  # names of nodes may contain brackets
        highlight=False,
        emoji=False,
    )


def printable(text: str) -> str:
    """
    Return text without what a terminal would obey: control characters are written as escapes.

    Names in a file can hold any: they could hide or forge what edgec says.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SPACES else _escaped(c) for c in text)


_SPACES = "\u00a0\u3000"  # that are none to Python, but harmless


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def shortened(text: str) -> str:
    """Return text with very long words cut in the middle."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:100]}...{word[0][-50:]}", text)


_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD},}}")


def say(text: str = "", style: str | None = None) -> None:
    """Print a line of the result."""
    _console(stderr=False).print(printable(text), style=style, soft_wrap=True)


def note(text: str, style: str | None = None) -> None:
    """Print a line for the person at the keyboard; not part of the result."""
    _console(stderr=True).print(printable(text), style=style, soft_wrap=True)


def duration(milliseconds: float) -> str:
    """Return a time for people; small networks run for microseconds."""
    return f"{milliseconds:.2f} ms" if milliseconds >= 0.1 else f"{1000 * milliseconds:.1f} us"


def say_json(value: Any) -> None:
    """Print the result for a program."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def say_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None
) -> None:
    """Print rows; columns whose every cell is a number are aligned to the right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float | Quantity) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shortened(printable(str(cell)))) for cell in row))
    _console(stderr=False).print(table)


@contextmanager
def progress() -> Iterator[ProgressFunction]:
    """Show what is being done: a moving bar on a terminal, else one line a stage."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield _PlainProgress()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            display.update(task, description=printable(what), completed=done, total=total or None)

        yield show


class _PlainProgress:
    def __init__(self) -> None:
        self._stage = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        stage = what.partition(": ")[0]  # what follows changes all the time
        if stage != self._stage:
            self._stage = stage
            note(f"{stage} ...")
