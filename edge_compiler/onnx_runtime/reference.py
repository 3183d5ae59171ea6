"""What ONNX Runtime computes for every tensor of the user's own model: the truth of a proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from onnx import helper

from edge_compiler.frontend.precision import to_float32
from edge_compiler.frontend.read import read_model
from edge_compiler.onnx_runtime import apart, NAME
from edge_compiler.onnx_runtime.pieces import in_pieces, set_shape
from edge_compiler.onnx_runtime.types import Types
from edge_compiler.onnx_runtime.unsigned import make_weights_unsigned
from edge_perception.runtime.manifest import Tensor

Array = np.ndarray[Any, Any]
_PIECE_BYTES = 16 << 20
"""Of weights that are in memory together; more than one node has is rare."""


class Reference:
    """
    The model as its file says, without the compiler's front end and passes.

    Only its floats are float32, whatever they are in the file, as a library computes in float32,
    and weights of int8 are uint8 where ONNX Runtime's sums would depend on the processor.
    ONNX Runtime's own graph optimisations are off too: they would remove tensors that are asked
    for, and are one thing less to trust.

    :ivar path: of the file.
    :ivar name: what computes, for people.
    :ivar shapes: of the inputs, by name.
    :ivar tensors: whose values it tells.
    """

    def __init__(self, path: Path, inputs: Iterable[Tensor], tensors: Iterable[str]) -> None:
        """
        Prepare the model to tell the values of ``tensors``; those that it lacks are left out.

        :param inputs: with the shapes that the model was compiled for.
        :raises CompileError: if it is no model.
        """
        model = read_model(path)
        self.path = path
        self.name = f"{NAME}, in float32" if to_float32(model) else NAME
        self.shapes = shapes = {tensor.name: tensor.shape for tensor in inputs}
        for value in model.graph.input:
            if value.name in shapes:
                set_shape(value, shapes[value.name])
        for value in model.graph.output:  # what the file says need not hold for these inputs
            value.type.tensor_type.ClearField("shape")
        del model.graph.value_info[:]
        declared = {value.name for value in model.graph.output}
        computed = {name for node in model.graph.node for name in node.output if name}
        extra = [name for name in dict.fromkeys(tensors) if name in computed - declared]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in extra)
        self.tensors = frozenset(declared | set(extra))

        types = Types(model)
        make_weights_unsigned(model, types)
        self._model = model
        self._pieces = in_pieces(model, _PIECE_BYTES, types)
        constant = {tensor.name for tensor in model.graph.initializer}
        self._unread = {
            value.name: _zeros(value)
            for value in model.graph.input
            if value.name not in shapes and value.name not in constant
        }

    def check(self) -> None:
        """
        Load the model without its weights.

        :raises CompileError: if ONNX Runtime refuses it.
        """
        self._engine().load(self._model, self.path)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """
        Return the value of every tensor that was asked for, and of the outputs.

        :raises CompileError: if ONNX Runtime fails.
        """
        values: dict[str, Array] = {}
        self.run_into(values, inputs)
        return values

    def run_into(self, values: MutableMapping[str, Array], inputs: Mapping[str, Array]) -> None:
        """Put values where they are wanted, as they come; see `run`."""
        self._engine().run(self._pieces, self.path, {**self._unread, **inputs}, values)
        for name in values.keys() - self.tensors:
            del values[name]

    def _engine(self) -> _Engine:
        """Return what runs it: where the weights are large, another process."""
        if len(self._pieces) > 1:
            return apart
        from edge_compiler.onnx_runtime import session  # it imports ONNX Runtime

        return session


class _Engine(Protocol):
    """A module that runs models; see `session`."""

    def load(self, model: onnx.ModelProto, path: Path) -> None:
        """Load a model without its weights."""

    def run(
        self,
        pieces: Sequence[onnx.ModelProto],
        path: Path,
        given: Mapping[str, Array],
        values: MutableMapping[str, Array],
    ) -> None:
        """Run the pieces of a model."""


def _zeros(value: onnx.ValueInfoProto) -> Array:
    """Return something for an input that no output depends on: the compiled model has it not."""
    tensor = value.type.tensor_type
    shape = [max(dimension.dim_value, 1) for dimension in tensor.shape.dim]
    return np.zeros(shape, helper.tensor_dtype_to_np_dtype(tensor.elem_type))
