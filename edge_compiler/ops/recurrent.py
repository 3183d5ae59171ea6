"""Networks that keep a state from step to step."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from edge_compiler.ir.graph import Activation, Node
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.ops.table import define

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""Of each operator: products of inputs and state that make up a new state."""
_USUAL = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}
_DEFAULTS = {
    "LeakyRelu": (0.01,),
    "ThresholdedRelu": (1.0,),
    "HardSigmoid": (0.2, 0.5),
    "Elu": (1.0,),
}
"""Parameters of activations, where a node gives none."""


ACTIVATIONS = {op: len(names) for op, names in _USUAL.items()}
"""How many a direction has."""


def activations_of(node: Node) -> list[Activation]:
    """Return the activations of all directions, one behind the other."""
    return activations(node.op, node.attributes, node.input(2).shape[0])


def activations(op: str, attributes: Mapping[str, Any], directions: int) -> list[Activation]:
    """Return the same of an operator with these attributes."""
    names = attributes.get("activations") or _USUAL[op] * directions
    alphas, betas = (
        iter(attributes.get(f"activation_{which}", ())) for which in ("alpha", "beta")
    )
    known = {name.lower(): name for name in FUNCTIONS}
    found = []
    for given in names:
        name = known.get(given.lower(), given)
        usual = _DEFAULTS.get(name, ())
        numbers = zip((alphas, betas), usual, strict=False)
        found.append(Activation(name, tuple(next(it, default) for it, default in numbers)))
    return found


def _macs(node: Node) -> int:
    x, w, r = (node.input(index) for index in range(3))
    return x.size // x.shape[-1] * (math.prod(w.shape) + math.prod(r.shape))


define(
    *GATES,
    summary="Network with a state, over a sequence or a single step.",
    macs=_macs,
    outputs=3,
)
