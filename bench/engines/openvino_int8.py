"""OpenVINO with a model quantised by NNCF, its own quantiser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino

from bench.engines.openvino import load

__all__ = ["convert", "load"]


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Quantise with NNCF's defaults."""
    import nncf

    with np.load(calibration) as arrays:
        [samples] = arrays.values()
    dataset = nncf.Dataset(list(samples))
    quantised = nncf.quantize(openvino.convert_model(model), dataset, subset_size=len(samples))
    openvino.save_model(quantised, folder / "model.xml", compress_to_fp16=False)
