"""
NanoDet (g, 416 x 416): the 80 kinds of things of COCO, from the npm package of Human's models.

RangiLyu, "NanoDet", 2020; Lin et al., "Microsoft COCO: Common Objects in Context", 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_compiler.description.coco import COCO
from edge_compiler.zoo import tfjs
from edge_compiler.zoo.human import HUMAN_MODELS
from edge_compiler.zoo.recipe import read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

GRAPH, WEIGHTS = "package/models/nanodet.json", "package/models/nanodet.bin"
STRIDES = (8, 16, 32)
SCORES = tuple(f"scores_{stride}" for stride in STRIDES)
EDGES = tuple(f"edges_{stride}" for stride in STRIDES)
NAMES = ("Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5")
DEVIATION = (57.375, 57.12, 58.395)


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the ONNX model."""
    graph, weights = (
        read_member(packages[HUMAN_MODELS.project], member) for member in (GRAPH, WEIGHTS)
    )
    names = {"input_1": "image", **dict(zip(NAMES, SCORES + EDGES, strict=True))}
    model = tfjs.convert(graph, weights, GRAPH, names)
    set_metadata(
        model,
        preprocess=Preprocess(
            "image",
            color="bgr",
            resize="letterbox",
            mean=(103.53, 116.28, 123.675),
            scale=tuple(1 / deviation for deviation in DEVIATION),
        ),
        labels=list(COCO),
        decoder=Decoder(
            "gfl",
            {
                "outputs": list(SCORES),
                "edges": list(EDGES),
                "bins": 11,
                "strides": list(STRIDES),
                "centre": 0.5,
            },
        ),
        provenance=RECIPE.provenance(),
    )
    return model


RECIPE = Recipe(
    name="nanodet",
    summary="NanoDet-g, the 80 kinds of things of COCO, 1x3x416x416",
    license="Apache-2.0 (NanoDet), MIT (human-models)",
    answers="astronaut: person; chelsea: cat; stereo_motorcycle: motorcycle",
    packages=(HUMAN_MODELS,),
    convert=convert,
)
