"""RNN, GRU and LSTM: a product for the inputs of all steps, then the states step by step."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Activation, Node, Value
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.ops.recurrent import activations_of, GATES
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.rules.product import lower_gemm
from edge_compiler.targets.c.rules.table import lowers_choosing
from edge_compiler.targets.program.boxes import copy_box
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, SCRATCH, writing
from edge_compiler.targets.program.data import Data
from edge_compiler.targets.program.layout import BLOCK, DENSE
from edge_compiler.targets.program.limits import require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, required
from edge_perception.runtime.dtypes import FLOAT32

_KINDS = {"RNN": "RECURRENT_RNN", "GRU": "RECURRENT_GRU", "LSTM": "RECURRENT_LSTM"}
_LARGEST = float(np.finfo(np.float32).max)


def check_recurrent(node: Node) -> str | None:
    """Whole sequences or single steps, with constant weights, in one direction or both."""
    if reason := require_constant(node, 1, 2, 3, 4, 7):
        return reason
    steps, lengths = _sizes(node)[0], node.constant(4)
    if lengths is not None and np.any(lengths != steps):
        return f"sequence_lens must be the length of the input, {steps}: export it without them"
    kinds = activations_of(node)
    if unknown := [act.op for act in kinds if act.op not in FUNCTIONS]:
        return f"the activation {unknown[0]} is not supported: train it with another one"
    directions = node.input(2).shape[0]
    if kinds != kinds[: len(kinds) // directions] * directions:
        return "the directions have different activations: export each as a layer of its own"
    return None


def _sizes(node: Node) -> tuple[int, int, int, int, int]:
    """Return steps, batch, directions, hidden units, and these in whole blocks."""
    steps, batch, _ = node.input(0).shape
    if node.attributes["layout"]:
        steps, batch = batch, steps
    directions, _, hidden = node.input(2).shape
    return steps, batch, directions, hidden, -(-hidden // BLOCK) * BLOCK


def _gates(array: Array, node: Node, width: int) -> Array:
    """Return an array [directions, gates * hidden, ...] as [directions, gates, width, ...]."""
    directions, _, hidden = node.input(2).shape
    whole = array.reshape(directions, -1, hidden, *array.shape[2:])
    edges = [(0, 0), (0, 0), (0, width - hidden), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(whole, edges)


@lowers_choosing("RNN", "GRU", "LSTM", check=check_recurrent)
def lower_recurrent(low: Lowering, node: Node, chooser: Chooser) -> None:
    """Add the product of all inputs, the step of the states, and copies of the last ones."""
    steps, batch, directions, hidden, width = _sizes(node)
    a, y = node.attributes, node.output
    peepholes = node.constant(7) if node.op == "LSTM" else None
    of_inputs, of_reset = _biases(node, width)
    x = _inputs(low, node, chooser, of_inputs)
    weights = low.weights.add(_packed(node, width))
    first_h, first_c = (
        None if value is None else Data.of(low, value)
        for value in (*node.inputs, *[None] * 7)[5:7]
    )
    line = batch * hidden if not a["layout"] else directions * hidden
    strides = {"y_step": directions * line, "y_direction": line, "y_batch": hidden}
    gated = x.shape[1]
    if a["layout"]:
        strides = {"y_step": line, "y_direction": hidden, "y_batch": steps * line}
    cells = steps * directions * batch * hidden
    states = Buffer(f"{y.name}/states", (cells + directions * batch * hidden,))
    target = low.target(y, DENSE)
    target.place_in(states, 0)
    f, g, h = (*activations_of(node), Activation("Relu"), Activation("Relu"))[:3]
    fields: dict[str, Field] = {
        "kind": _KINDS[node.op],
        "backwards": int(a["direction"] == "reverse"),
        "has_h": int(first_h is not None),
        "has_c": int(first_c is not None),
        "has_peepholes": int(peepholes is not None),
        "coupled": a.get("input_forget", 0),
        "reset_after": a.get("linear_before_reset", 0),
        "clip": float(a.get("clip", _LARGEST)),
        "f": f,
        "g": g,
        "h": h,
    }
    sizes: dict[str, int | str] = {
        "steps": steps,
        "batch": batch,
        "directions": directions,
        "hidden": hidden,
        "width": width,
        "x_step": gated * (1 if a["layout"] else batch),
        "x_batch": gated * (steps if a["layout"] else 1),
        **strides,
        "cells": cells,
    }
    low.reserve_scratch((2 + GATES[node.op]) * width * FLOAT32.bytes)
    more = low.weights.add(of_reset if peepholes is None else _gates(peepholes, node, width))
    data = Data(x)

    def call(_: object) -> Call:
        states_of = [data if state is None else state for state in (first_h, first_c)]
        pointers = (data.pointer(), weights, more, *(s.pointer() for s in states_of))
        arguments = (*pointers, writing(target), SCRATCH)
        return Call("recurrent_run", "recurrent", fields, arguments, sizes)

    reads = [x, *(b for state in (first_h, first_c) if state is not None for b in state.reads)]
    multiplied = steps * directions * batch * GATES[node.op] * hidden * width
    low.add(
        node,
        node.op,
        reads,
        target,
        call,
        value=y,
        macs=multiplied,
        weight_bytes=directions * GATES[node.op] * hidden * width * FLOAT32.bytes,
    )
    _copy_last(low, node, states, strides, cells)


def _inputs(low: Lowering, node: Node, chooser: Chooser, bias: Array) -> Buffer:
    """Add the product of the inputs of all steps with the weights of all gates."""
    value, width = node.input(0), _sizes(node)[4]
    w = _gates(required(node, 1), node, width)
    matrix = w.reshape(-1, w.shape[-1]).T
    rows = Value(f"{node.output.name}/rows", (value.size // matrix.shape[0], matrix.shape[0]))
    low.share_elements(rows, value)
    operands = [
        Value(f"{node.output.name}/{name}", array.shape, FLOAT32, array)
        for name, array in (("weights", matrix), ("bias", bias))
    ]
    result = Value(f"{node.output.name}/inputs", (rows.shape[0], matrix.shape[1]))
    attributes = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
    gemm = Node("Gemm", node.name, [rows, *operands], [result], attributes, origins=node.origins)
    lower_gemm(low, gemm, chooser)
    return low.source(result, DENSE)


def _biases(node: Node, width: int) -> tuple[Array, Array]:
    """Return what is added to the products of the inputs, and what a GRU adds before its reset."""
    given = node.constant(3)
    directions, gated, _ = node.input(2).shape
    both = np.zeros((directions, 2 * gated), np.float32) if given is None else given
    of_inputs, of_states = (_gates(part, node, width) for part in np.split(both, 2, axis=1))
    of_reset = of_states[:, -1].copy()
    if node.attributes.get("linear_before_reset"):
        of_states[:, 2] = 0
    return (of_inputs + of_states).ravel(), of_reset


def _packed(node: Node, width: int) -> Array:
    """Return the recurrent weights in blocks of columns: [directions, blocks, hidden, BLOCK]."""
    r = _gates(required(node, 2), node, width)
    directions, gates, _, hidden = r.shape
    blocks: Array = r.reshape(directions, gates * width // BLOCK, BLOCK, hidden).swapaxes(2, 3)
    return blocks


def _copy_last(
    low: Lowering, node: Node, states: Buffer, strides: dict[str, int], cells: int
) -> None:
    """Copy the last states and cells to outputs that are read."""
    steps, batch, directions, hidden, _ = _sizes(node)
    last = [(steps - 1) * strides["y_step"]] * directions
    if node.attributes["direction"] == "reverse":
        last[0] = 0
    last[1:] = [0] * (directions - 1)
    for index, value in enumerate(node.outputs[1:]):
        if not (low.graph.consumers(value) or low.graph.is_output(value)):
            continue
        target = low.target(value, DENSE)
        across = (
            (hidden, directions * hidden)
            if node.attributes["layout"]
            else (batch * hidden, hidden)
        )
        for direction in range(directions):
            if index:
                source = ((batch * hidden, hidden, 1), cells + direction * batch * hidden)
            else:
                source = (
                    (0, strides["y_batch"], 1),
                    last[direction] + direction * strides["y_direction"],
                )
            place = ((0, across[1], 1), direction * across[0])
            done = value if direction == directions - 1 else None
            copy_box(low, node, done, (1, batch, hidden), (states, source), (target, place))
