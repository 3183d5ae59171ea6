"""What a model sees in a picture, before it is compiled: by ONNX Runtime, with its decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge_compiler.description.decoding import make_decoder
from edge_compiler.description.describe import Description
from edge_compiler.errors import CompileError, first_line
from edge_compiler.ir.graph import Graph
from edge_compiler.ir.image import as_tensor
from edge_compiler.samples.preprocess import preprocess
from edge_perception.decode import DecodeError
from edge_perception.decode.detections import Detections

Array = np.ndarray[Any, Any]


def preview(model: Path, graph: Graph, description: Description, frame: Array) -> Detections:
    """
    Return what a model sees in an rgb8 frame.

    :param model: the file that graph and description were read from; it has a preprocessing.
    :raises CompileError: if ONNX Runtime can't run it, or the decoder not read what it computes.
    """
    spec = description.preprocess
    assert spec is not None, "there must be a preprocessing"
    decode = make_decoder(description.decoder, graph, description.name, spec, description.labels)
    image = preprocess(frame, spec, as_tensor(graph.inputs[0]))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it says is in the exception
    try:
        session = onnxruntime.InferenceSession(model, options)
        names = [output.name for output in session.get_outputs()]
        values = session.run(None, {spec.input: image})
    except Exception as error:  # it documents no common base class
        raise CompileError(f"ONNX Runtime can't run {model}: {first_line(error)}") from error
    height, width = frame.shape[:2]
    try:
        return decode(dict(zip(names, values, strict=True)), (width, height))
    except DecodeError as error:
        raise CompileError(str(error)) from error
