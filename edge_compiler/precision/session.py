"""Graphs in ONNX Runtime, as fast as it runs them: to see what values they have on samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError, first_line
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph

Array = np.ndarray[Any, Any]


class Session:
    """A graph that is ready to run."""

    def __init__(self, graph: Graph, tensors: Iterable[str] = ()) -> None:
        """
        Load a graph.

        :param tensors: that it shall yield beside its outputs.
        :raises CompileError: if ONNX Runtime refuses it.
        """
        import onnxruntime  # memory that only those need who quantise

        model = export(graph)
        outputs = {value.name for value in model.graph.output}
        more = [name for name in tensors if name not in outputs]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in more)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what it says is in the exception
        # its kernels for integers saturate in between on processors without VNNI; so it computes
        # what they mean in float32
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # it documents no common base class
            raise CompileError(
                f"ONNX Runtime can't load the model: {first_line(error)}"
            ) from error
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """
        Return outputs, and what was asked for beside them, by name.

        :raises CompileError: if ONNX Runtime fails.
        """
        try:
            values = self._session.run(None, dict(inputs))
        except Exception as error:  # as above
            raise CompileError(f"ONNX Runtime can't run the model: {first_line(error)}") from error
        return dict(zip(self._names, values, strict=True))
