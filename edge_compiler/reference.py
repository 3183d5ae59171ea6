"""What ONNX Runtime computes for every tensor of the user's own model: the truth of a proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import re
from typing import Any

import numpy as np
import onnx
from onnx import helper
import onnxruntime as ort

from edge_compiler.errors import CompileError
from edge_compiler.frontend.precision import as_float32, to_float32
from edge_compiler.frontend.read import read_model
from edge_compiler.frontend.weights import initial_value
from edge_perception.runtime.manifest import Tensor

Array = np.ndarray[Any, Any]
NAME = f"ONNX Runtime {ort.__version__}"


class Reference:
    """
    The model as its file says, without the compiler's front end and passes.

    Only its floats are float32, whatever they are in the file, as a library computes in float32.
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

        The weights are not read before the first run.

        :param inputs: with the shapes that the model was compiled for.
        :raises CompileError: if ONNX Runtime refuses the model.
        """
        model = read_model(path)
        self.path = path
        self.name = f"{NAME}, in float32" if to_float32(model) else NAME
        self.shapes = shapes = {tensor.name: tensor.shape for tensor in inputs}
        for value in model.graph.input:
            if value.name in shapes:
                _set_shape(value, shapes[value.name])
        for value in model.graph.output:  # what the file says need not hold for these inputs
            value.type.tensor_type.ClearField("shape")
        del model.graph.value_info[:]
        declared = {value.name for value in model.graph.output}
        computed = {name for node in model.graph.node for name in node.output if name}
        extra = [name for name in dict.fromkeys(tensors) if name in computed - declared]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in extra)
        self.tensors = frozenset(declared | set(extra))

        self._model = model
        known = _Session(model, path, blank=True).inputs
        self._unread = {entry.name: _zeros(entry) for entry in known if entry.name not in shapes}
        self._session: _Session | None = None

    def rest(self) -> None:
        """Let the weights go: the next run reads them again."""
        self._session = None

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """
        Return the value of every tensor that was asked for, and of the outputs.

        :raises CompileError: if ONNX Runtime fails.
        """
        if self._session is None:
            self._session = _Session(self._model, self.path)
        return self._session.run({**self._unread, **inputs})


class _Session:
    """
    A model in ONNX Runtime, with its weights.

    :ivar inputs: what it knows of them.
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
        self.inputs: list[ort.NodeArg] = self._session.get_inputs()

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
    """Return zeros in place of a weight; the system gives memory to such only when it is used."""
    kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    return np.zeros(tensor.dims, as_float32(np.zeros(0, kind)).dtype)


def _set_shape(value: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    tensor = value.type.tensor_type
    tensor.ClearField("shape")
    for dimension in shape:
        tensor.shape.dim.add().dim_value = dimension


def _zeros(entry: ort.NodeArg) -> Array:
    """Return something for an input that no output depends on: the compiled model has it not."""
    kind = entry.type.removeprefix("tensor(").removesuffix(")")
    shape = [size if isinstance(size, int) else 1 for size in entry.shape]
    return np.zeros(shape, _KINDS.get(kind, kind))


_KINDS = {"float": "float32", "double": "float64", "string": "object"}


def _first_line(error: Exception) -> str:
    """Return what ONNX Runtime says, without codes, file names and places in its source."""
    said = next(iter(str(error).splitlines()), type(error).__name__)
    said = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", said)
    said = re.sub(r"^(Load model from .*? failed:|Exception during initialization:) ?", "", said)
    return re.sub(r"^\S+\.(cc|h):\d+ .*?\) (?=\S)", "", said)
