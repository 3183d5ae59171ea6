"""LiteRT, the former TensorFlow Lite, with its XNNPACK delegate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """Write the model in LiteRT's format."""
    from bench.engines.onnx_to_tflite import convert_onnx

    (folder / "model.tflite").write_bytes(convert_onnx(model))


def load(folder: Path, image: Array, threads: int) -> Callable[[], list[Array]]:
    """Make an interpreter; it takes images with the channels last, as cameras give them."""
    interpreter = Interpreter(str(folder / "model.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    channels_last = np.ascontiguousarray(image.transpose(0, 2, 3, 1))
    target = interpreter.get_input_details()[0]["index"]
    outputs = [tensor["index"] for tensor in interpreter.get_output_details()]

    def run() -> list[Array]:
        interpreter.set_tensor(target, channels_last)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return run
