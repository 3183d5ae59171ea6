"""OpenVINO with its CPU plug-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import openvino

Array = NDArray[np.float32]


def convert(model: Path, folder: Path) -> None:
    """Write OpenVINO's own format, in float32."""
    openvino.save_model(
        openvino.convert_model(model), folder / "model.xml", compress_to_fp16=False
    )


def load(
    folder: Path, image: Array, threads: int, precision: str | None = None
) -> Callable[[], list[Array]]:
    """
    Compile the model for least latency.

    :param precision: of the arithmetic; None: OpenVINO's choice, bfloat16 where the processor
        has instructions for it.
    """
    options: dict[str, object] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
    }
    if precision is not None:
        options["INFERENCE_PRECISION_HINT"] = precision
    model = openvino.Core().compile_model(folder / "model.xml", "CPU", options)
    request = model.create_infer_request()
    return lambda: list(request.infer([image], share_inputs=True).values())
