"""
Export detectors from PyTorch: ``python -m bench.exports.detectors FOLDER NAME SEED``.

Runs in an environment of its own: see ``environment.py``. Batch normalisations get statistics
as trained ones have, and class heads a bias that makes nearly all scores small: it is there that
engines differ.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
import sys
from typing import Any

import torch
from torch import nn

from bench.exports.yunet import YuNet

RARE = 1e-4
"""What a class head says of most places."""


def yolov8n() -> tuple[nn.Module, int]:
    """Build Ultralytics' YOLOv8 nano, which sets the biases of its class heads itself."""
    return _ultralytics("yolov8n.yaml"), 640


def yolov5n() -> tuple[nn.Module, int]:
    """Build Ultralytics' YOLOv5 nano, with the head that version 8 has."""
    return _ultralytics("yolov5n.yaml"), 640


def _ultralytics(name: str) -> nn.Module:
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel(name, verbose=False)
    head = model.model[-1]
    head.export, head.format = True, "onnx"
    return model


def yolox_nano() -> tuple[nn.Module, int]:
    """Build Megvii's YOLOX nano as its exporter does: boxes are decoded outside."""
    from yolox.models import YoloPafpn, YoloxHead, YoloxModule

    shape: dict[str, Any] = {"in_channels": [256, 512, 1024], "depthwise": True, "act": "silu"}
    head = YoloxHead(80, 0.25, **shape)
    head.initialize_biases(RARE)
    head.decode_in_inference = False
    return YoloxModule(YoloPafpn(0.33, 0.25, **shape), head), 416


def yunet() -> tuple[nn.Module, int]:
    """Build YuNet, a detector of faces."""
    return YuNet(bias=-math.log(1 / RARE - 1)), 320


DETECTORS: dict[str, Callable[[], tuple[nn.Module, int]]] = {
    build.__name__: build for build in (yolov8n, yolov5n, yolox_nano, yunet)
}


def export(name: str, seed: int, path: Path) -> None:
    """Write a detector as ONNX, by PyTorch's usual exporter."""
    torch.manual_seed(seed)
    model, size = DETECTORS[name]()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            _look_trained(module)
    model.eval()
    image = torch.rand(1, 3, size, size)
    with torch.no_grad():
        model(image)  # some make their anchors now
    torch.onnx.export(
        model, (image,), str(path), opset_version=17, dynamo=False, input_names=["images"]
    )


def _look_trained(norm: nn.BatchNorm2d) -> None:
    with torch.no_grad():
        for tensor, low, high in (
            (norm.running_mean, -0.3, 0.3),
            (norm.running_var, 0.5, 1.5),
            (norm.weight, 0.7, 1.3),
            (norm.bias, -0.3, 0.3),
        ):
            if tensor is not None:
                tensor.uniform_(low, high)


if __name__ == "__main__":
    folder, wanted, number = sys.argv[1:]
    export(wanted, int(number), Path(folder) / f"{wanted}-{number}.onnx")
