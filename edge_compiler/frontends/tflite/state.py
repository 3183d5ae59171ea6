"""Variables of a file, which keep what a network remembers, as inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.operator import Operator, Tensor, UnsupportedError

_HANDLE, _READ, _WRITE, _ONCE = "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"
_ADVICE = "convert the model with its state as an input and an output"
_SHARED_NAME = 1
"""Of the options of a handle: what the variable is called."""


def lift_state(file: File) -> None:
    """
    Let the caller keep what a network remembers from run to run.

    A variable becomes an input of its name, and an output ``next_NAME``, behind the others. At
    first it is zeros.

    :raises UnsupportedError: if it begins with something else, or what it becomes is not its own.
    """
    names = _names(file.operators)
    operators = []
    present: dict[str, Tensor] = {}  # what a variable holds
    written: dict[Tensor, Tensor] = {}  # by its handle
    reads: dict[Tensor, Tensor] = {}
    for operator in file.operators:
        if operator.kind == _READ:
            handle, read = operator.tensor(0), operator.output
            if names[handle] not in present:
                _check_start(file, names[handle], read)
                handle.name, read.name = read.name, handle.name
                file.inputs.append(read)
                present[names[handle]] = read
            reads[read] = present[names[handle]]
        elif operator.kind == _WRITE:
            handle, value = operator.tensor(0), operator.tensor(1)
            present[names[handle]] = written[handle] = reads.get(value, value)
        elif operator.kind not in (_HANDLE, _ONCE):
            inputs = [None if t is None else reads.get(t, t) for t in operator.inputs]
            operators.append(replace(operator, inputs=inputs))
    file.operators = operators
    for handle, value in written.items():
        name = names[handle]
        if value.constant is not None or value in (*file.inputs, *file.outputs):
            raise UnsupportedError(
                f"its state '{name}' becomes a constant, an input, an output or another state: "
                f"{_ADVICE}"
            )
        value.name = file.unique(f"next_{name}")
        file.outputs.append(value)


def _names(operators: Sequence[Operator]) -> Mapping[Tensor, str]:
    """Return the names of variables by their handles."""
    return {
        operator.output: "" if operator.options is None else operator.options.text(_SHARED_NAME)
        for operator in operators
        if operator.kind == _HANDLE
    }


def _check_start(file: File, name: str, read: Tensor) -> None:
    """Check that a variable begins with zeros."""
    names = _names(file.starts)
    starts = [
        operator.constant(1)
        for operator in file.starts
        if operator.kind == _WRITE and names.get(operator.tensor(0)) == name
    ]
    zero = 0 if read.quantisation is None else read.quantisation.zeros[0]
    if len(starts) != 1 or np.any(starts[0] != zero):
        raise UnsupportedError(f"its state '{name}' doesn't begin with zeros: {_ADVICE}")
