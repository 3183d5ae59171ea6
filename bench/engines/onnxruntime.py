"""ONNX Runtime with its CPU provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil

import numpy as np
from numpy.typing import NDArray
import onnxruntime

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """Copy the model: ONNX Runtime loads ONNX."""
    shutil.copyfile(model, folder / "model.onnx")


def load(folder: Path, image: Array, threads: int) -> Callable[[], list[Array]]:
    """Make a session."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    inputs = {session.get_inputs()[0].name: image}
    return lambda: session.run(None, inputs)
