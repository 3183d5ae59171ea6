"""ONNX Runtime with a model of its own quantiser, QuantizeLinear and its inverse around layers."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from bench.engines.onnxruntime import load

__all__ = ["convert", "load"]

KEPT_IN_FLOAT = ("Softmax",)
"""In bytes of one scale, what it gives would be nothing but its largest number."""


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Quantise: bytes without sign, weights by channel."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, quantize_static, QuantType

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # it has no types
        """Hands out the samples."""

        def __init__(self) -> None:
            with np.load(calibration) as arrays:
                [(name, samples)] = arrays.items()
            self._feeds = iter([{name: sample} for sample in samples])

        def get_next(self) -> dict[str, object] | None:
            """Return the next one; None after the last."""
            return next(self._feeds, None)

    logging.disable(logging.WARNING)
    operators = {node.op_type for node in onnx.load(model).graph.node} - set(KEPT_IN_FLOAT)
    quantize_static(
        model,
        folder / "model.onnx",
        Reader(),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=sorted(operators),
    )
