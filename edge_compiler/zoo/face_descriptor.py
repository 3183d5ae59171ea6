"""
dlib's face descriptor, a network of 29 convolutions, from the npm package of face-api.

King, "High Quality Face Recognition with Deep Metric Learning", 2017; He et al., "Deep Residual
Learning for Image Recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Array, Builder
from edge_compiler.errors import CompileError
from edge_compiler.zoo.recipe import NPM, Package, read_member, Recipe, set_metadata
from edge_compiler.zoo.tfjs.graph import read_weights
from edge_perception.runtime.manifest import Decoder, Preprocess

PROJECT = "@vladmandic/face-api"
MANIFEST = "package/model/face_recognition_model-weights_manifest.json"
WEIGHTS = "package/model/face_recognition_model.bin"
SIDE, LENGTH = 150, 128

DISTANCE = 0.06
"""Cosine distance: `python -m bench.sight` shows those of the same and of different people."""
_MEAN_FACE = (
    *(0.22549, 0.21599, 0.75476, 0.21599),
    *(0.49013, 0.51563, 0.25415, 0.78023, 0.72610, 0.78023),
)
TEMPLATE = [round((0.25 + value) / 1.5, 5) for value in _MEAN_FACE]
"""Eyes, tip of the nose, corners of the mouth: of dlib's mean face, with a quarter around it."""

BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)
"""The residual blocks; those that go down halve the image."""


class _Layers(Builder):
    """The layers of the network, with their weights."""

    def __init__(self, weights: dict[str, Array]) -> None:
        super().__init__()
        self.weights = weights

    def conv(self, x: str, name: str, stride: int = 1) -> str:
        """Add a convolution and the scaling behind it; one with a stride has no padding."""
        part = {
            key: self.weights[f"{name}/{key}"]
            for key in ("conv/filters", "conv/bias", "scale/weights", "scale/biases")
        }
        kernel = part["conv/filters"].transpose(3, 2, 0, 1)  # from rows, columns, in, out
        scale = part["scale/weights"]
        constants = (
            self.constant(f"{name}/weight", kernel * scale[:, None, None, None]),
            self.constant(f"{name}/bias", part["conv/bias"] * scale + part["scale/biases"]),
        )
        size, pad = kernel.shape[2:], 0 if stride > 1 else kernel.shape[2] // 2
        attributes = {"kernel_shape": size, "strides": [stride] * 2, "pads": [pad] * 4}
        return self.add("Conv", [x, *constants], name, **attributes)

    def block(self, x: str, name: str, side: int) -> tuple[str, int]:
        """Add a residual block; return what it computes, and how large that is."""
        is_down = "down" in name
        inner = self.conv(x, f"{name}/conv1", 2 if is_down else 1)
        inner = self.conv(self.add("Relu", [inner], f"{name}/relu1"), f"{name}/conv2")
        if is_down:
            window = {"kernel_shape": [2, 2], "strides": [2, 2]}
            x = self.add("AveragePool", [x], f"{name}/pool", **window)
            filters = self.weights[f"{name}/conv1/conv/filters"]
            x = self.pad(x, f"{name}/channels", filters.shape[3] - filters.shape[2], 0)
            side, before = side // 2, side
            # the convolution has a row and a column less if it starts from an even number
            inner = self.pad(inner, f"{name}/edge", 0, side - (before - 3) // 2 - 1)
        return self.add("Relu", [self.add("Add", [x, inner], f"{name}/sum")], name), side

    def pad(self, x: str, name: str, channels: int, edge: int) -> str:
        """Add zeros behind the channels, and below and to the right."""
        if not channels and not edge:
            return x
        pads = self.constant(f"{name}/pads", np.array([0, 0, 0, 0, 0, channels, edge, edge]))
        return self.add("Pad", [x, pads], name)


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the ONNX model."""
    manifest, data = (read_member(packages[PROJECT], member) for member in (MANIFEST, WEIGHTS))
    try:
        layers = _Layers(read_weights(json.loads(manifest), data))
        x = layers.add("Relu", [layers.conv("image", "conv32_down", 2)], "relu")
        x = layers.add("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2])
        side = 35
        for name in BLOCKS:
            x, side = layers.block(x, name, side)
        x = layers.add("GlobalAveragePool", [x], "mean")
        x = layers.add("Flatten", [x], "flat")
        layers.add("MatMul", [x, layers.constant("fc/weight", layers.weights["fc"])], "descriptor")
    except (KeyError, ValueError, TypeError) as error:
        raise CompileError(f"{MANIFEST} has unexpected content: {error!r}") from error
    model = layers.model(
        "face_descriptor",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, [1, LENGTH])],
    )
    set_metadata(
        model,
        preprocess=Preprocess(
            "image", mean=(122.782, 117.001, 104.298), scale=(1 / 256,) * 3, resize="letterbox"
        ),
        labels=["face"],
        decoder=Decoder(
            "embedding",
            {"output": "descriptor", "unit": False, "distance": DISTANCE, "template": TEMPLATE},
        ),
        provenance=RECIPE.provenance(),
    )
    return model


RECIPE = Recipe(
    name="face-descriptor",
    summary="dlib's face descriptor, a vector of a face that fills the image, 1x3x150x150",
    license="MIT (face-api), public domain (dlib's weights)",
    answers="astronaut's face and its mirror image: 0.3 apart; another person: 0.6",
    packages=(
        Package(
            project=PROJECT,
            version="1.7.15",
            filename="face-api-1.7.15.tgz",
            size=12677476,
            sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
            license_member="package/LICENSE",
            registry=NPM,
        ),
    ),
    convert=convert,
    revision=2,  # with the distance and the template
)
