"""Recurrent networks whose weights are computed, written out step by step."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from edge_compiler.frontend.writer import Writer
from edge_compiler.ir.graph import Activation
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.ops.recurrent import ACTIVATIONS, activations, GATES

_WEIGHTS, _LENGTHS = (1, 2, 3, 7), 4
_FIRST_STATE, _FIRST_CELL, _PEEPHOLES = 5, 6, 7
_MOST_STEPS = 1000
"""Some 20 nodes each."""


def write_recurrent(w: Writer) -> tuple[str, ...] | None:
    """Write an RNN, GRU or LSTM whose weights are known only while the model runs."""
    if w.is_fixed(*_WEIGHTS) or any(len(w.value(index).shape) != 3 for index in range(3)):
        return None
    return write_steps(w, Direction)


def write_steps(w: Writer, kind: type[Direction]) -> tuple[str, ...] | None:
    """
    Write a network step by step; None if that is not known.

    :param kind: multiplies by the weights.
    """
    (steps, batch, _), (directions, *sides) = w.value(0).shape, w.value(2).shape
    hidden = min(sides)  # the other one is so for each gate
    batch_first, x = w.attributes.get("layout", 0), w.inputs[0]
    if batch_first:
        steps, batch = batch, steps
        x = w.add("Transpose", x, perm=[1, 0, 2])
    names = [name.decode(errors="replace") for name in w.attributes.get("activations", ())]
    kinds = activations(w.op, w.attributes | {"activations": names}, directions)
    if (
        steps > _MOST_STEPS
        or len(kinds) != directions * ACTIVATIONS[w.op]
        or any(kind.op not in FUNCTIONS or FUNCTIONS[kind.op].steps for kind in kinds)
        or (_given(w, _LENGTHS) and np.any(w.known(_LENGTHS) != steps))
    ):
        return None
    count, found = len(kinds) // directions, []
    for direction in range(directions):
        acts = kinds[direction * count : (direction + 1) * count]
        backwards = direction == 1 or w.attributes.get("direction") == b"reverse"
        order = range(steps)[::-1] if backwards else range(steps)
        network = kind(w, direction, (batch, hidden), acts)
        inputs = network.inputs(x, steps)
        states = {step: network.step(w.add("Gather", inputs, _index(w, step))) for step in order}
        every = [w.add("Unsqueeze", states[step], w.integers([0, 1])) for step in range(steps)]
        last, cell = (w.add("Unsqueeze", one, w.integers([0])) for one in network.state)
        found.append((w.add("Concat", *every, axis=0), last, cell))
    results = [
        w.add("Concat", *parts, axis=axis)
        for parts, axis in zip(zip(*found, strict=True), (1, 0, 0), strict=True)
    ]
    if batch_first:
        turns = ([2, 0, 1, 3], [1, 0, 2], [1, 0, 2])
        results = [
            w.add("Transpose", one, perm=turn) for one, turn in zip(results, turns, strict=True)
        ]
    return tuple(results)


class Direction:
    """
    One direction of a network, which goes from state to state.

    :ivar state: the last state and, of an LSTM, the last cells: [batch, hidden].
    """

    def __init__(
        self, w: Writer, direction: int, size: tuple[int, int], acts: list[Activation]
    ) -> None:
        """Begin with the first state; ``size`` is that of the batch and of the state."""
        self._w, self._direction, self._hidden = w, direction, size[1]
        clip = w.attributes.get("clip")
        self._acts = [partial(self._apply, act, clip) for act in acts]
        self._out = partial(self._apply, acts[-1], None)
        self._weights = {index: self._columns(index) for index in _WEIGHTS[:2]}
        axis = 1 if w.attributes.get("layout", 0) else 0
        zeros = w.constant(np.zeros(size, np.float32))
        first_h, first_c = (
            self._part(index, axis) if _given(w, index) else zeros
            for index in (_FIRST_STATE, _FIRST_CELL)
        )
        self.state = (first_h, first_c)
        gated = GATES[w.op] * size[1]
        self._biases = self._split(self._part(3), 2, gated) if _given(w, 3) else None
        self._step = {"RNN": self._rnn, "GRU": self._gru, "LSTM": self._lstm}[w.op]

    def inputs(self, x: str, steps: int) -> str:
        """Return what the inputs come to, of all steps: [steps, batch, gates * hidden]."""
        product = self._product(x, 1)
        return self._w.add("Add", product, self._biases[0]) if self._biases else product

    def step(self, given: str) -> str:
        """Return the next state, given what the inputs come to."""
        self.state = self._step(given, *self.state)
        return self.state[0]

    def _rnn(self, given: str, h: str, cell: str) -> tuple[str, str]:
        (act,) = self._acts
        return act(self._w.add("Add", given, self._of_state(h))), cell

    def _gru(self, given: str, h: str, cell: str) -> tuple[str, str]:
        w, (gate, act) = self._w, self._acts
        x_update, x_reset, x_new = self._split(given, 3)
        of_update, of_reset, of_new = self._split(self._of_state(h), 3)
        update = gate(w.add("Add", x_update, of_update))
        reset = gate(w.add("Add", x_reset, of_reset))
        if w.attributes.get("linear_before_reset", 0):
            new = w.add("Mul", reset, of_new)
        else:
            _, _, new = self._split(self._of_state(w.add("Mul", reset, h)), 3)
        new = act(w.add("Add", x_new, new))
        kept = w.add("Mul", update, w.add("Sub", h, new))
        return w.add("Add", new, kept), cell

    def _lstm(self, given: str, h: str, cell: str) -> tuple[str, str]:
        w, (gate, act, _) = self._w, self._acts
        i, o, f, c = self._split(w.add("Add", given, self._of_state(h)), 4)
        peepholes = self._split(self._part(_PEEPHOLES), 3) if _given(w, _PEEPHOLES) else None

        def seen(x: str, index: int, cells: str) -> str:
            return w.add("Add", x, w.add("Mul", peepholes[index], cells)) if peepholes else x

        i = gate(seen(i, 0, cell))
        if w.attributes.get("input_forget", 0):
            f = w.add("Sub", w.constant(np.float32(1)), i)
        else:
            f = gate(seen(f, 2, cell))
        new = w.add("Add", w.add("Mul", f, cell), w.add("Mul", i, act(c)))
        return w.add("Mul", gate(seen(o, 1, new)), self._out(new)), new

    def _of_state(self, h: str) -> str:
        product = self._product(h, 2)
        return self._w.add("Add", product, self._biases[1]) if self._biases else product

    def _columns(self, index: int) -> str:
        """Return weights as a product has them: a column for each number of each gate."""
        return self._w.add("Transpose", self._part(index), perm=[1, 0])

    def _product(self, x: str, index: int) -> str:
        """Multiply by weights."""
        return self._w.add("MatMul", x, self._weights[index])

    def _part(self, index: int, axis: int = 0) -> str:
        """Return what an input has for this direction."""
        w = self._w
        return w.add("Gather", w.inputs[index], _index(w, self._direction), axis=axis)

    def _split(self, x: str, count: int, width: int = 0) -> list[str]:
        """Return parts of the last axis, as wide as the state or as given."""
        w, width = self._w, width or self._hidden
        return [
            w.add("Slice", x, *(w.integers([n]) for n in (k * width, (k + 1) * width, -1)))
            for k in range(count)
        ]

    def _apply(self, act: Activation, clip: float | None, x: str) -> str:
        w, function = self._w, FUNCTIONS[act.op]
        if clip is not None:
            x = w.add("Clip", x, *(w.constant(np.float32(bound)) for bound in (-clip, clip)))
        given: dict[str, Any] = dict(zip(function.attributes, act.parameters, strict=True))
        return w.add(function.op, x, **given, **function.form)


def _given(w: Writer, index: int) -> bool:
    return len(w.inputs) > index and bool(w.inputs[index])


def _index(w: Writer, number: int) -> str:
    return w.constant(np.int64(number))
