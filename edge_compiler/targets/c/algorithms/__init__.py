"""
The algorithms of convolutions, a folder each.

In a folder are the kernel, what it can be told (``candidates.py``), what that is expected to cost
(``cost.py``), and how a node becomes steps that call it (``lower.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge_compiler.targets.c.algorithms.depthwise.candidates import (
    depthwise_candidates,
    suits_depthwise,
)
from edge_compiler.targets.c.algorithms.depthwise.lower import lower_depthwise
from edge_compiler.targets.c.algorithms.direct.candidates import direct_candidates, suits_direct
from edge_compiler.targets.c.algorithms.direct.lower import lower_direct
from edge_compiler.targets.c.algorithms.strassen.candidates import (
    strassen_candidates,
    suits_strassen,
)
from edge_compiler.targets.c.algorithms.strassen.lower import lower_strassen
from edge_compiler.targets.c.algorithms.winograd.candidates import (
    suits_winograd,
    winograd_candidates,
)
from edge_compiler.targets.c.algorithms.winograd.lower import lower_winograd
from edge_compiler.targets.c.choice import Candidate, Chooser, Problem, Scheme
from edge_compiler.targets.c.layer import Layer
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import Variant


@dataclass(frozen=True)
class Algorithm:
    """
    A way to compute convolutions.

    :ivar suits: whether its kernel can compute a problem.
    :ivar candidates: what is worth considering for a problem that suits it.
    :ivar lower: adds the steps of a layer, given its weights (out, in, h, w) and bias, and the
        scheme that all instruction sets share.
    """

    name: str
    suits: Callable[[Problem], bool]
    candidates: Callable[[Problem, Variant], Iterable[Candidate]]
    lower: Callable[[Lowering, Chooser, Layer, Array, Array, Scheme], None]


ALGORITHMS = (
    Algorithm("direct", suits_direct, direct_candidates, lower_direct),
    Algorithm("winograd", suits_winograd, winograd_candidates, lower_winograd),
    Algorithm("strassen", suits_strassen, strassen_candidates, lower_strassen),
    Algorithm("depthwise", suits_depthwise, depthwise_candidates, lower_depthwise),
)


def candidates(
    problem: Problem, variant: Variant, scheme: Scheme | None = None
) -> list[Candidate]:
    """Return the candidates for an instruction set, of one scheme if it is given."""
    suited = (a for a in ALGORITHMS if a.suits(problem))
    found = (c for algorithm in suited for c in algorithm.candidates(problem, variant))
    return [c for c in found if scheme is None or c.scheme == scheme]


def lower_convolution(low: Lowering, chooser: Chooser, layer: Layer, w: Array, b: Array) -> None:
    """Add the steps of a layer by the algorithm that suits it best."""
    problem = layer.problem(w.shape[1])
    suited = {a.name: a for a in ALGORITHMS if a.suits(problem)}
    scheme = Scheme(next(iter(suited)))
    if len(suited) > 1:  # as the instruction set likes for which it is chosen
        scheme = chooser.choose(problem, low.leading).candidate.scheme
    suited[scheme.algorithm].lower(low, chooser, layer, w, b, scheme)
