"""MNN with a model quantised by mnnquant, its own quantiser."""

from __future__ import annotations

import json
from pathlib import Path
import tempfile

import numpy as np

from bench.engines import mnn
from bench.engines.mnn import load

__all__ = ["convert", "load"]

_MIDDLE, _STEPS = 128, 40
"""Of a picture's bytes: what stands for zero, and how many steps for one."""


def convert(model: Path, folder: Path, calibration: str) -> None:
    """Convert, and quantise by what pictures say: mnnquant reads no others for images."""
    import _tools

    with np.load(calibration) as arrays:
        [samples] = arrays.values()
    height, width = samples.shape[-2:]
    with tempfile.TemporaryDirectory() as scratch:
        pictures, plain = Path(scratch) / "pictures", Path(scratch) / "plain"
        pictures.mkdir()
        plain.mkdir()
        mnn.convert(model, plain)
        for number, sample in enumerate(samples):
            pixels = np.clip(np.rint(sample[0] * _STEPS + _MIDDLE), 0, 255).astype(np.uint8)
            head = f"P6 {width} {height} 255\n".encode()
            picture = head + pixels.transpose(1, 2, 0).tobytes()
            (pictures / f"{number}.ppm").write_bytes(picture)
        wanted = {
            "format": "RGB",
            "mean": [_MIDDLE] * 3,
            "normal": [1 / _STEPS] * 3,
            "width": width,
            "height": height,
            "path": f"{pictures}/",
            "used_image_num": len(samples),
            "feature_quantize_method": "KL",
            "weight_quantize_method": "MAX_ABS",
        }
        options = Path(scratch) / "options.json"
        options.write_text(json.dumps(wanted))
        paths = (plain / "model.mnn", folder / "model.mnn", options)
        _tools.mnnquant(["mnnquant", *map(str, paths)])
