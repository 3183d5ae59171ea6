"""RNN, GRU and LSTM, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import Call, exactly_all
from edge_compiler.ir.graph import Activation
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.ops.recurrent import activations_of, GATES

_ROUNDINGS = 30
"""Of a step, besides those of its product."""


@dataclass(frozen=True)
class _Terms:
    """Numbers, and the sizes of the terms that they are made of; see `Exact`."""

    value: Array
    size: Array

    @classmethod
    def of(cls, exact: Exact | None, shape: tuple[int, ...]) -> _Terms:
        """Return what an input holds; zeros if it is left out."""
        if exact is None:
            return cls(np.zeros(shape), np.zeros(shape))
        return cls(exact.value.reshape(shape), exact.size.reshape(shape))

    def __add__(self, other: _Terms) -> _Terms:
        return _Terms(self.value + other.value, self.size + other.size)

    def __mul__(self, other: _Terms) -> _Terms:
        size = self.size * np.abs(other.value) + np.abs(self.value) * other.size
        return _Terms(self.value * other.value, size)

    def __matmul__(self, other: _Terms) -> _Terms:
        return _Terms(self.value @ other.value, self.size @ other.size)

    def __getitem__(self, index: Any) -> _Terms:
        return _Terms(self.value[index], self.size[index])

    def turned(self) -> _Terms:
        """Return the transposed matrix."""
        return _Terms(self.value.T, self.size.T)

    def rest(self) -> _Terms:
        """Return one less this."""
        return _Terms(1 - self.value, 1 + self.size)

    def gates(self, count: int) -> list[_Terms]:
        """Return equal parts of the last axis."""
        values, sizes = (np.split(part, count, axis=-1) for part in (self.value, self.size))
        return [_Terms(*parts) for parts in zip(values, sizes, strict=True)]


def _apply(activation: Activation, x: _Terms, clip: float, coarse: bool) -> _Terms:
    function = FUNCTIONS[activation.op].float64
    assert function is not None
    terms = function(np.clip(x.value, -clip, clip), *activation.parameters)
    return _Terms(terms.value, terms.slope * x.size + (terms.careless if coarse else terms.own))


@exactly_all("RNN", "GRU", "LSTM")
def _recurrent(call: Call) -> list[Exact]:
    """Return the states after all steps, the last states and the last cells."""
    w, r = call.input(1).value, call.input(2).value
    directions, _, hidden = r.shape
    batch_first = call.attribute("layout")
    x = call.x.value.swapaxes(0, 1) if batch_first else call.x.value
    sizes = call.x.size.swapaxes(0, 1) if batch_first else call.x.size
    steps = x.shape[0]
    depth = call.depth + w.shape[-1] + steps * (hidden + _ROUNDINGS)

    def exact(parts: list[tuple[Array, Array]], axis: int) -> Exact:
        value, size = (np.stack([part[i] for part in parts], axis) for i in range(2))
        return Exact(value, size, depth)

    all_steps, last, cells = [], [], []
    for direction in range(directions):
        backwards = direction == 1 or call.attribute("direction") == "reverse"
        order = slice(None, None, -1) if backwards else slice(None)
        hs, cell = _direction(call, direction, _Terms(x[order], sizes[order]))
        ordered = hs[order]
        all_steps.append(
            (np.stack([h.value for h in ordered]), np.stack([h.size for h in ordered]))
        )
        last.append((hs[-1].value, hs[-1].size))
        cells.append((cell.value, cell.size))
    found = [exact(all_steps, 1), exact(last, 0), exact(cells, 0)]
    if batch_first:
        turns = ((2, 0, 1, 3), (1, 0, 2), (1, 0, 2))
        found = [
            Exact(x.value.transpose(turn), x.size.transpose(turn), depth)
            for x, turn in zip(found, turns, strict=True)
        ]
    return found[: len(call.node.outputs)]


def _direction(call: Call, direction: int, x: _Terms) -> tuple[list[_Terms], _Terms]:
    """Return the state after each step of a direction, and the last cells."""
    op, (directions, gated, hidden) = call.node.op, call.input(2).value.shape
    batch = x.value.shape[1]
    bias = _Terms.of(call.optional(3), (directions, 2 * gated))[direction]
    of_inputs, of_states = bias.gates(2)
    inputs = x @ _part(call.input(1), direction).turned() + of_inputs
    turned = _part(call.input(2), direction).turned()
    shape = (
        (batch, directions, hidden) if call.attribute("layout") else (directions, batch, hidden)
    )
    first = [_Terms.of(call.optional(index), shape) for index in (5, 6)]
    at = (slice(None), direction) if call.attribute("layout") else (direction,)
    h, cell = (state[at] for state in first)
    all_acts = activations_of(call.node)
    count = len(all_acts) // directions
    clip = call.node.attributes.get("clip", np.inf)
    acts = [
        partial(_apply, act, coarse=call.coarse)
        for act in all_acts[direction * count : (direction + 1) * count]
    ]
    limited = [partial(act, clip=clip) for act in acts]
    peepholes = _Terms.of(call.optional(7) if op == "LSTM" else None, (directions, 3 * hidden))
    found = []
    for step in range(x.value.shape[0]):
        given = inputs[step]
        if op == "RNN":
            h = limited[0](given + h @ turned + of_states)
        elif op == "GRU":
            z, reset, new = (given + (h @ turned + of_states)).gates(3)
            z, reset = limited[0](z), limited[0](reset)
            _, _, own = given.gates(3)
            _, _, bias_of_new = of_states.gates(3)
            last = turned[:, 2 * hidden :]
            if call.attribute("linear_before_reset"):
                new = own + reset * (h @ last + bias_of_new)
            else:
                new = own + (reset * h) @ last + bias_of_new
            h = z.rest() * limited[1](new) + z * h
        else:
            i, o, f, c = (given + h @ turned + of_states).gates(GATES[op])
            of_i, of_o, of_f = peepholes[direction].gates(3)
            i = limited[0](i + of_i * cell)
            f = i.rest() if call.attribute("input_forget") else limited[0](f + of_f * cell)
            cell = f * cell + i * limited[1](c)
            h = limited[0](o + of_o * cell) * acts[2](cell, clip=np.inf)
        found.append(h)
    return found, cell


def _part(exact: Exact, direction: int) -> _Terms:
    return _Terms(exact.value[direction], exact.size[direction])
