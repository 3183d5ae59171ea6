"""The networks that PyTorch's libraries make, and those written for this corpus, by library."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.cache import cache_folder, digest
from bench.corpus.entry import Entry
from bench.environments import run
from bench.exports.environment import exporters, version

DYNAMO = ".dynamo"
"""Ends the names of networks that PyTorch's newer exporter writes."""
HERE = Path(__file__).parent
EXPORT_SECONDS = 600

TORCH = (
    *("ppo_mlp_elu", "sac_actor", "lstm_policy", "visuo_policy", "diffusion_policy_step"),
    *("act_policy", "imu_tcn", "conv1d_har", "pointnet", "dscnn_kws", "gru_kws", "ae_anomaly"),
    *("unet_bilinear", "unet_deconv", "fastscnn", "fastdepth", "hrnet_lite", "keypoints"),
    *("superpoint_heads", "superpoint", "posenet", "stereo_cost", "bev", "detr_tiny"),
)
"""``robots`` and ``images`` of this folder."""
TIMM = (
    *("convnext_atto", "convnext_tiny", "darknet53", "deit_tiny_patch16_224", "dla34"),
    *("edgenext_xx_small", "efficientnet_b0", "efficientnet_lite0", "efficientvit_b0"),
    *("fastvit_t8", "ghostnet_050", "hardcorenas_a", "lcnet_050", "mobilenetv4_conv_small"),
    *("mobileone_s0", "mobilevit_xxs", "repvgg_a0", "tf_efficientnet_lite0"),
    "vit_tiny_patch16_224",
)
TORCHVISION = (
    *("deeplabv3_mobilenet_v3_large", "densenet121", "googlenet", "inception_v3"),
    *("lraspp_mobilenet_v3_large", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_large"),
    *("mobilenet_v3_small", "raft_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18"),
    *("resnet50", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t"),
)
ULTRALYTICS = (
    *("yolov3-tiny", "yolov5n", "yolov8n", "yolov8n-cls", "yolov8n-obb", "yolov8n-pose"),
    *("yolov8n-seg", "yolov10n", "yolo11n", "yolo11n-obb", "yolo12n"),
)
BY_DYNAMO = {
    "torch": TORCH,
    "timm": ("convnext_atto", "vit_tiny_patch16_224"),
    "torchvision": ("mobilenet_v3_small", "resnet18"),
}
"""Networks that the newer exporter writes, too."""


def exported() -> Iterator[Entry]:
    """Yield the networks that are exported, by the older exporter and some by the newer."""
    for library, names in (
        ("torch", TORCH),
        ("timm", TIMM),
        ("torchvision", TORCHVISION),
        ("ultralytics", ULTRALYTICS),
        *((library, [name + DYNAMO for name in names]) for library, names in BY_DYNAMO.items()),
    ):
        for name in names:
            yield Entry(
                f"{library}/{name}",
                f"{library} {version(library)}",
                partial(_export, library, name),
            )


def _export(library: str, name: str, _: Path) -> Path:
    """Return the file of a network, exported if need be."""
    sources = (HERE / f"{part}.py" for part in ("export", "images", "robots"))
    key = digest(*sources, version(library), version("torch"))
    path = cache_folder() / "corpus" / "exports" / key / f"{name}.onnx"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{name}.unfinished")
        exporter = "dynamo" if name.endswith(DYNAMO) else "torchscript"
        module: list[Path | str] = ["-W", "ignore", "-m", "bench.corpus.export", library]
        run(
            [exporters(), *module, name.removesuffix(DYNAMO), unfinished, exporter], EXPORT_SECONDS
        )
        unfinished.rename(path)
    return path
