"""
The answers that a robot's self-test may give.

One is enough where all variants of a library agree, or differ by what errors that grow make of
them. Where a model chooses by order, as a detector does that goes on with the best of its queries,
variants may choose otherwise among scores that are as good. Each is right, as the proof of its
steps has shown, and gives the same bits in every run: so there are several answers, each as narrow
as one would be. A variant that rounds what it multiplies has its own for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from edge_compiler.proof.difference import is_wrong, TOLERANCE
from edge_perception.runtime.proof import LARGEST_TOLERANCE
from edge_perception.runtime.selftest import Answer, worst_output

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Answers:
    """
    What is right for one input.

    :ivar tolerance: relative error of an output that is allowed, beside the nearest answer.
    :ivar choices: how many of them variants give that round alike: 1 if the model chooses nothing.
    """

    right: tuple[Answer, ...]
    tolerance: float
    choices: int

    def suit_better(self, others: Answers | None) -> bool:
        """Return whether these tell more surely that a robot is broken."""
        if others is None:
            return True
        return (self.choices, self.tolerance) < (others.choices, others.tolerance)


def right_answers(groups: Iterable[Sequence[Answer]], expected: Mapping[str, Array]) -> Answers:
    """
    Return the answers to an input.

    :param groups: what proven variants give, by what they round; results of a group may differ by
        more than the usual tolerance.
    :param expected: of the reference, which stands for results that agree with it.
    """
    each = [_alike(results, expected) for results in groups]
    right: list[Answer] = []
    for answer in chain.from_iterable(answers.right for answers in each):
        if not any(worst_output(answer, other)[0] == 0 for other in right):
            right.append(answer)
    return Answers(
        tuple(right),
        max(answers.tolerance for answers in each),
        max(answers.choices for answers in each),
    )


def _alike(results: Sequence[Answer], expected: Mapping[str, Array]) -> Answers:
    """Return the answers of variants that round the same."""
    right: list[Answer] = []
    furthest = 0.0
    for result in results:
        errors = [worst_output(result, answer)[0] for answer in right]
        if min(errors, default=np.inf) > LARGEST_TOLERANCE / 2:
            right.append(
                {
                    name: value if is_wrong(value, expected[name]) else expected[name]
                    for name, value in result.items()
                }
            )
            errors = [worst_output(result, right[-1])[0]]
        furthest = max(furthest, min(errors))
    return Answers(tuple(right), max(TOLERANCE, 2 * furthest), len(right))
