"""Einsum as transpositions, sums and matrix products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math

from edge_compiler.errors import CompileError
from edge_compiler.frontend.writer import Writer

_DOTS = "..."
_FREE = "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba"


@dataclass(frozen=True)
class _Term:
    """A tensor with a letter and a size for each axis, in order."""

    name: str
    sizes: Mapping[str, int]

    @property
    def letters(self) -> str:
        """The letters in order."""
        return "".join(self.sizes)


def write_einsum(w: Writer) -> str:
    """
    Write an Einsum: operands are combined from the left, two at a time.

    :raises CompileError: if a letter stands twice in an operand (a diagonal).
    """
    equation = w.attributes["equation"].decode().replace(" ", "")
    left, arrow, result = equation.partition("->")
    terms, dots = _terms(w, left.split(","))
    if not arrow:  # what stands once, in alphabetical order
        given = left.replace(_DOTS, "").replace(",", "")
        result = _DOTS + "".join(sorted(x for x in given if given.count(x) == 1))
    result = result.replace(_DOTS, dots)
    first, *others = terms
    for index, other in enumerate(others):
        needed = set(result).union(*(later.letters for later in others[index + 1 :]))
        first = _product(w, first, other, needed)
    return _turned(w, _summed(w, first, set(result)), result).name


def _terms(w: Writer, given: list[str]) -> tuple[list[_Term], str]:
    """Return the operands, and the letters that dots stand for in the result."""
    free = [letter for letter in _FREE if letter not in "".join(given)]
    terms, longest = [], ""
    for name, value, term in zip(w.inputs, w.values, given, strict=True):
        count = len(value.shape) - len(term.replace(_DOTS, "")) if _DOTS in term else 0
        dots = "".join(free[:count][::-1])
        longest = max(longest, dots, key=len)
        letters = term.replace(_DOTS, dots)
        if len(set(letters)) < len(letters):
            raise CompileError(
                f"node '{w.name}' (Einsum) takes a diagonal, '{term}': export the model without it"
            )
        terms.append(_Term(name, dict(zip(letters, value.shape, strict=True))))
    return terms, longest


def _product(w: Writer, a: _Term, b: _Term, needed: set[str]) -> _Term:
    """Multiply two terms and sum over what both have and nobody needs any more."""
    a, b = _summed(w, a, needed | set(b.sizes)), _summed(w, b, needed | set(a.sizes))
    both = [letter for letter in a.sizes if letter in b.sizes]
    batch = [letter for letter in both if letter in needed]
    summed = [letter for letter in both if letter not in needed]
    rows = [letter for letter in a.sizes if letter not in b.sizes]
    columns = [letter for letter in b.sizes if letter not in a.sizes]
    left = _matrices(w, a, batch, rows, summed)
    right = _matrices(w, b, batch, summed, columns)
    product = w.add("MatMul", left, right)
    sizes = {x: max(a.sizes[x], b.sizes[x]) for x in batch}
    sizes |= {x: a.sizes[x] for x in rows} | {x: b.sizes[x] for x in columns}
    return _Term(w.add("Reshape", product, w.integers(list(sizes.values()))), sizes)


def _matrices(
    w: Writer, term: _Term, batch: list[str], rows: list[str], columns: list[str]
) -> str:
    """Return a term as a batch of matrices, some of its axes joined to rows and columns."""
    turned = _turned(w, term, [*batch, *rows, *columns])
    height, width = (math.prod(term.sizes[x] for x in letters) for letters in (rows, columns))
    shape = [*(term.sizes[x] for x in batch), height, width]
    return w.add("Reshape", turned.name, w.integers(shape))


def _summed(w: Writer, term: _Term, kept: set[str]) -> _Term:
    axes = [axis for axis, letter in enumerate(term.sizes) if letter not in kept]
    if not axes:
        return term
    name = w.add("ReduceSum", term.name, w.integers(axes), keepdims=0)
    return _Term(name, {x: size for x, size in term.sizes.items() if x in kept})


def _turned(w: Writer, term: _Term, letters: Iterable[str]) -> _Term:
    order = [term.letters.index(letter) for letter in letters]
    name = w.add("Transpose", term.name, perm=order) if order else term.name
    return _Term(name, {x: term.sizes[x] for x in letters})
