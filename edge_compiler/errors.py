"""How a user is told what is wrong with what they gave the compiler."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
import re


class CompileError(Exception):
    """
    A model, option or environment that the compiler can't work with.

    The message is one sentence for the user: what, where, expected, received, what to do.
    """


def hint(name: str, known: Iterable[str], otherwise: str = "", cutoff: float = 0.6) -> str:
    """
    Return the end of a sentence about an unknown name: which one was probably meant.

    :param otherwise: what to say if none is alike, instead of all known names.
    :param cutoff: how much alike names must be, from 0 to 1.
    """
    names = list(known)
    near = get_close_matches(name, names, 1, cutoff)
    if near:
        return f"did you mean {near[0]!r}?"
    return otherwise or f"there are: {', '.join(names)}"


def first_line(error: Exception) -> str:
    """Return what an exception of onnx says, without its trace and context."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^\[\w+\] ", "", lines[0]) if lines else type(error).__name__
