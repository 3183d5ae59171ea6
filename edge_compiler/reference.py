"""What ONNX Runtime computes for every tensor of the user's own model: the truth of a proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import re
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from edge_compiler.errors import CompileError
from edge_perception.runtime.manifest import Tensor

Array = np.ndarray[Any, Any]
NAME = f"ONNX Runtime {ort.__version__}"


class Reference:
    """
    The model as its file says, without the compiler's front end and passes.

    ONNX Runtime's own graph optimisations are off too: they would remove tensors that are asked
    for, and are one thing less to trust.

    :ivar path: of the file.
    :ivar shapes: of the inputs, by name.
    :ivar tensors: whose values it tells.
    """

    def __init__(self, path: Path, inputs: Iterable[Tensor], tensors: Iterable[str]) -> None:
        """
        Prepare the model to tell the values of ``tensors``; those that it lacks are left out.

        :param inputs: with the shapes that the model was compiled for.
        :raises CompileError: if ONNX Runtime refuses the model.
        """
        model = onnx.load(path, load_external_data=False)
        self.path = path
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

        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4  # what fails is told once, by us
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(path.resolve().parent)
        )
        try:
            self._session = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            raise CompileError(
                f"{NAME}, which a compiled model is compared with, cannot load {path}: "
                f"{_first_line(error)}"
            ) from error
        self._names = [output.name for output in self._session.get_outputs()]
        self._unread = {
            entry.name: _zeros(entry)
            for entry in self._session.get_inputs()
            if entry.name not in shapes
        }

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """
        Return the value of every tensor that was asked for, and of the outputs.

        :raises CompileError: if ONNX Runtime fails.
        """
        try:
            return dict(
                zip(self._names, self._session.run(None, {**self._unread, **inputs}), strict=True)
            )
        except Exception as error:  # as above
            raise CompileError(f"{NAME} cannot run the model: {_first_line(error)}") from error


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
