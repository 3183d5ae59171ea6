"""MNN, through its sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import _tools
import MNN
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """
    Convert with what MNN's command-line tool calls.

    The tool itself would install a package to report its use.
    """
    paths = ["--modelFile", str(model), "--MNNModel", str(folder / "model.mnn")]
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", *paths, "--bizCode", "bench"])


def load(
    folder: Path, image: Array, threads: int, precision: str = "high"
) -> Callable[[], list[Array]]:
    """
    Make a session.

    :param precision: "high" is float32; "Low_BF16": bfloat16 where MNN has it.
    """
    interpreter = MNN.Interpreter(str(folder / "model.mnn"))
    session = interpreter.createSession(
        {"backend": "CPU", "numThread": threads, "precision": precision}
    )
    source = _tensor(image)
    target = interpreter.getSessionInput(session)
    outputs = sorted(interpreter.getSessionOutputAll(session).items())
    results = [_tensor(np.zeros(tensor.getShape(), np.float32)) for _, tensor in outputs]

    def run() -> list[Array]:
        target.copyFrom(source)
        interpreter.runSession(session)
        for host, (_, tensor) in zip(results, outputs, strict=True):
            tensor.copyToHostTensor(host)
        return [host.getNumpyData() for host in results]

    return run


def _tensor(array: Array) -> MNN.Tensor:
    return MNN.Tensor(array.shape, MNN.Halide_Type_Float, array, MNN.Tensor_DimensionType_Caffe)
