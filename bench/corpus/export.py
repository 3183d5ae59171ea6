"""
Export a network from PyTorch: ``python -m bench.corpus.export LIBRARY NAME FILE EXPORTER``.

Runs in the exporters' environment (``bench/exports/environment.py``).
"""

from __future__ import annotations

from collections.abc import Callable
import sys
from typing import Any, TypeAlias

import torch
from torch import nn

from bench.corpus import images, robots

Shapes: TypeAlias = tuple[tuple[int, ...], ...]
IMAGE: Shapes = ((1, 3, 224, 224),)
DETECTED: Shapes = ((1, 3, 320, 320),)
SEED = 0
OPSET = 17
FLOW_UPDATES = 3

OWN: dict[str, tuple[Callable[[], nn.Module], Shapes]] = {
    "ppo_mlp_elu": (robots.Policy, ((1, 48),)),
    "sac_actor": (robots.SoftActor, ((1, 24),)),
    "lstm_policy": (robots.LstmPolicy, ((1, 48), (1, 1, 128), (1, 1, 128))),
    "visuo_policy": (robots.VisualPolicy, ((1, 3, 84, 84), (1, 9))),
    "diffusion_policy_step": (robots.DiffusionStep, ((1, 7, 16), (1,), (1, 32))),
    "act_policy": (robots.ActionChunks, ((1, 3, 96, 96), (1, 14))),
    "imu_tcn": (robots.ImuOdometry, ((1, 6, 200),)),
    "conv1d_har": (robots.Activity, ((1, 3, 128),)),
    "pointnet": (robots.PointNet, ((1, 3, 512),)),
    "dscnn_kws": (robots.Spotter, ((1, 1, 49, 10),)),
    "gru_kws": (robots.RecurrentSpotter, ((1, 40, 40),)),
    "ae_anomaly": (robots.Anomaly, ((1, 640),)),
    "unet_bilinear": (lambda: images.Unet(learned=False), ((1, 3, 128, 128),)),
    "unet_deconv": (lambda: images.Unet(learned=True), ((1, 3, 128, 128),)),
    "fastscnn": (images.FastScnn, ((1, 3, 256, 256),)),
    "fastdepth": (images.FastDepth, IMAGE),
    "hrnet_lite": (images.HighResolution, ((1, 3, 128, 96),)),
    "keypoints": (images.Keypoints, ((1, 3, 128, 96),)),
    "superpoint_heads": (lambda: images.SuperPoint(whole=False), ((1, 1, 120, 160),)),
    "superpoint": (lambda: images.SuperPoint(whole=True), ((1, 1, 120, 160),)),
    "posenet": (images.PoseNet, IMAGE),
    "stereo_cost": (images.Stereo, ((1, 3, 96, 160), (1, 3, 96, 160))),
    "bev": (images.BirdsEye, ((1, 3, 128, 160),)),
    "detr_tiny": (images.Detr, ((1, 3, 160, 160),)),
}


def export(library: str, name: str, file: str, exporter: str) -> None:
    """
    Write a network as ONNX.

    :param exporter: "torchscript" or "dynamo", PyTorch's older and newer one.
    """
    torch.manual_seed(SEED)
    model, shapes = LIBRARIES[library](name)
    model.eval()
    inputs = tuple(torch.rand(shape) for shape in shapes)
    with torch.no_grad():
        model(*inputs)  # some make their anchors now
    if exporter == "dynamo":
        torch.onnx.export(model, inputs, file, dynamo=True, external_data=False)
    else:
        torch.onnx.export(model, inputs, file, dynamo=False, opset_version=OPSET)


def _own(name: str) -> tuple[nn.Module, Shapes]:
    build, shapes = OWN[name]
    return build(), shapes


def _timm(name: str) -> tuple[nn.Module, Shapes]:
    import timm

    model = timm.create_model(name, exportable=True)
    return model, ((1, *model.default_cfg["input_size"]),)


def _torchvision(name: str) -> tuple[nn.Module, Shapes]:
    import torchvision

    options: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    if name.startswith(("deeplabv3", "lraspp")):
        options["weights_backbone"] = None
    model = torchvision.models.get_model(name, **options)
    if name.startswith("raft"):
        return Flow(model), ((1, 3, 128, 160), (1, 3, 128, 160))
    return Tensors(model), IMAGE


def _ultralytics(name: str) -> tuple[nn.Module, Shapes]:
    from ultralytics import YOLO

    model = YOLO(f"{name}.yaml", verbose=False).model
    for module in model.modules():  # as its exporter does
        if hasattr(module, "export"):
            module.export, module.format, module.dynamic, module.max_det = True, "onnx", False, 300
    return model.fuse(verbose=False), IMAGE if name.endswith("-cls") else DETECTED


class Tensors(nn.Module):  # type: ignore[misc]
    """A network of torchvision without the names of what it gives."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return what the head says."""
        y = self.model(image)
        return y["out"] if isinstance(y, dict) else y


class Flow(nn.Module):  # type: ignore[misc]
    """RAFT with few updates, and the last flow alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return how far each pixel moved: (1, 2, H, W)."""
        return self.model(first, second, num_flow_updates=FLOW_UPDATES)[-1]


LIBRARIES: dict[str, Callable[[str], tuple[nn.Module, Shapes]]] = {
    "torch": _own,
    "timm": _timm,
    "torchvision": _torchvision,
    "ultralytics": _ultralytics,
}


if __name__ == "__main__":
    export(*sys.argv[1:])
