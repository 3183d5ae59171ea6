"""Models in ONNX Runtime, with their weights where they lie."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
import re
from typing import Any

import numpy as np
import onnx
from onnx import helper
import onnxruntime as ort

from edge_compiler.errors import CompileError
from edge_compiler.frontend.precision import as_float32
from edge_compiler.frontend.weights import initial_value
from edge_compiler.onnx_runtime import NAME
from edge_compiler.onnx_runtime.pieces import set_shape

Array = np.ndarray[Any, Any]


def load(model: onnx.ModelProto, path: Path) -> None:
    """
    Load a model without its large weights, which are in its file.

    :raises CompileError: if ONNX Runtime refuses it.
    """
    _Session(model, path, blank=True)


def run(
    pieces: Sequence[onnx.ModelProto],
    path: Path,
    given: Mapping[str, Array],
    values: MutableMapping[str, Array],
) -> None:
    """
    Run the pieces of a model one after the other, each with its weights alone.

    :param given: the inputs of the whole.
    :param values: gets the outputs of all pieces.
    :raises CompileError: if ONNX Runtime fails.
    """
    for piece in pieces:
        for value in piece.graph.input:
            if value.name in values:
                set_shape(value, values[value.name].shape)
        session = _Session(piece, path)
        names = session.inputs
        found = session.run({n: given[n] if n in given else values[n] for n in names})
        del session
        for name in tuple(found):
            values[name] = found.pop(name)


class _Session:
    """
    A model in ONNX Runtime, with its weights.

    :ivar inputs: the names of those that it must be given.
    """

    def __init__(self, model: onnx.ModelProto, path: Path, *, blank: bool = False) -> None:
        """
        Load a model whose large weights are in its file.

        :param blank: they are zero: enough to see whether the model can be loaded.
        :raises CompileError: if ONNX Runtime refuses it.
        """
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4  # what fails is told once, by us
        # weights packed for speed would take their memory once more
        options.add_session_config_entry("session.disable_prepacking", "1")
        content, self._weights = _share_weights(model, path, options, blank)
        try:
            self._session = ort.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            raise CompileError(
                f"{NAME}, which a compiled model is compared with, cannot load {path}: "
                f"{_first_line(error)}"
            ) from error
        self._names = [output.name for output in self._session.get_outputs()]
        self.inputs = [entry.name for entry in self._session.get_inputs()]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """
        Return the outputs by name.

        :raises CompileError: if ONNX Runtime fails.
        """
        try:
            return dict(zip(self._names, self._session.run(None, dict(inputs)), strict=True))
        except Exception as error:  # as above
            raise CompileError(f"{NAME} cannot run the model: {_first_line(error)}") from error


def _share_weights(
    model: onnx.ModelProto, path: Path, options: ort.SessionOptions, blank: bool
) -> tuple[bytes, list[ort.OrtValue]]:
    """
    Hand over the weights that aren't in the model itself, without a copy.

    :returns: the serialised model, and what must live as long as the session.
    """
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    file = path.resolve()  # which it wants to see, but doesn't read
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(file.parent)
    )
    shared = []
    for tensor in shown.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            array = _blank(tensor) if blank else as_float32(initial_value(tensor, path))
            tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
            shared.append(ort.OrtValue.ortvalue_from_numpy(array))
            options.add_initializer(tensor.name, shared[-1])
            del tensor.external_data[:]
            tensor.external_data.add(key="location", value=file.name)
    return shown.SerializeToString(), shared


def _blank(tensor: onnx.TensorProto) -> Array:
    """
    Return something in place of a weight.

    It is zeros, as the system gives memory to such only when it is used. Of integers, which are
    seldom large, it is ones: ONNX Runtime refuses to load a model that divides by zero.
    """
    kind = as_float32(np.zeros(0, helper.tensor_dtype_to_np_dtype(tensor.data_type))).dtype
    return (np.zeros if kind.kind == "f" else np.ones)(tensor.dims, kind)


def _first_line(error: Exception) -> str:
    """Return what ONNX Runtime says, without codes, file names and places in its source."""
    said = next(iter(str(error).splitlines()), type(error).__name__)
    said = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", said)
    said = re.sub(r"^(Load model from .*? failed:|Exception during initialization:) ?", "", said)
    return re.sub(r"^\S+\.(cc|h):\d+ .*?\) (?=\S)", "", said)
