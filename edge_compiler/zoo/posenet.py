"""
PoseNet (MobileNetV1): the 17 points of each person, from the npm package of Human's models.

Papandreou et al., "PersonLab: Person Pose Estimation and Instance Segmentation with a Bottom-Up,
Part-Based, Geometric Embedding Model", 2018; D. Oved et al., "PoseNet" for TensorFlow.js, 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_compiler.zoo import tfjs
from edge_compiler.zoo.human import HUMAN_MODELS
from edge_compiler.zoo.recipe import read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

GRAPH, WEIGHTS = "package/models/posenet.json", "package/models/posenet.bin"
NAMES = {
    "image": "image",
    "MobilenetV1/heatmap_2/BiasAdd": "scores",
    "MobilenetV1/offset_2/BiasAdd": "offsets",
    "MobilenetV1/displacement_fwd_2/BiasAdd": "forward",
    "MobilenetV1/displacement_bwd_2/BiasAdd": "backward",
}


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the ONNX model."""
    archive = packages[HUMAN_MODELS.project]
    graph, weights = (read_member(archive, member) for member in (GRAPH, WEIGHTS))
    model = tfjs.convert(graph, weights, GRAPH, NAMES, channels_first=True)
    set_metadata(
        model,
        preprocess=Preprocess(
            "image", resize="letterbox", pad_value=0, mean=(127.5,) * 3, scale=(1 / 127.5,) * 3
        ),
        labels=["person"],
        decoder=Decoder("posenet"),
        provenance=RECIPE.provenance(),
    )
    return model


RECIPE = Recipe(
    name="posenet",
    summary="PoseNet (MobileNetV1), the 17 points of each person, 1x3x385x385",
    license="Apache-2.0 (PoseNet), MIT (human-models)",
    answers="astronaut: a person, her nose and shoulders",
    packages=(HUMAN_MODELS,),
    convert=convert,
)
