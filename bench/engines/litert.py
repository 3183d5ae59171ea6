"""LiteRT, the former TensorFlow Lite, with its XNNPACK delegate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """Write the model in LiteRT's format."""
    from bench.engines.onnx_to_tflite import convert_onnx

    (folder / "model.tflite").write_bytes(convert_onnx(model))


def load(folder: Path, image: Array, threads: int) -> Callable[[], list[Array]]:
    """
    Make an interpreter; it takes images with the channels last, as cameras give them.

    One in integers takes and gives integers: the image becomes such before it is run.
    """
    interpreter = Interpreter(str(folder / "model.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    channels_last = np.ascontiguousarray(image.transpose(0, 2, 3, 1))
    target = interpreter.get_input_details()[0]
    given = _as(target, channels_last)
    outputs = interpreter.get_output_details()

    def run() -> list[Array]:
        interpreter.set_tensor(target["index"], given)
        interpreter.invoke()
        return [_floats(tensor, interpreter.get_tensor(tensor["index"])) for tensor in outputs]

    return run


def _as(tensor: Mapping[str, Any], numbers: Array) -> NDArray[Any]:
    """Return numbers in a tensor's own type."""
    if tensor["dtype"] == np.float32:
        return numbers
    scale, zero = tensor["quantization"]
    info = np.iinfo(tensor["dtype"])
    integers: NDArray[Any] = np.clip(np.rint(numbers / scale) + zero, info.min, info.max)
    return integers.astype(tensor["dtype"])


def _floats(tensor: Mapping[str, Any], values: NDArray[Any]) -> Array:
    """Return what a tensor's values stand for."""
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    numbers: Array = (values.astype(np.float32) - zero) * np.float32(scale)
    return numbers
