"""
Models of MediaPipe for faces and persons, from the PyPI package ``mediapipe``.

Bazarevsky et al., "BlazeFace", 2019, and "BlazePose", 2020; Kartynnik et al., "Real-time Facial
Surface Geometry from Monocular Video on Mobile GPUs", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from edge_compiler.errors import CompileError
from edge_compiler.frontends import tflite
from edge_compiler.zoo.ready import rename_tensors
from edge_compiler.zoo.recipe import Package, read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

_PACKAGE = Package(
    project="mediapipe",
    version="0.10.9",
    filename="mediapipe-0.10.9-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    size=34508011,
    sha256="2c31ea1160c118daa50f7d43f0027d2480664568df53b7d7a7835b6e966f2cc2",
    license_member="mediapipe-0.10.9.dist-info/LICENSE",
)
_UNIT = {"scale": (1 / 255,) * 3}  # pixels from 0 to 1
_SIGNED = {"mean": (127.5,) * 3, "scale": (1 / 127.5,) * 3}  # from -1 to 1
_POINTS = {"output": "points", "unit": "pixel", "presence": "presence", "min_score": 0.5}


@dataclass(frozen=True)
class _Model:
    """
    A model of the package.

    :ivar file: below ``mediapipe/modules``.
    :ivar names: of its input and outputs, and what they are called here.
    :ivar frames: how a frame becomes its input, beside RGB in a letterbox with black edges.
    :ivar logits: outputs that lack a sigmoid.
    """

    name: str
    summary: str
    answers: str
    file: str
    names: Mapping[str, str]
    frames: Mapping[str, Any]
    label: str
    decoder: Decoder
    logits: tuple[str, ...] = ()

    def recipe(self) -> Recipe:
        """Return how it is fetched."""
        return Recipe(
            name=self.name,
            summary=self.summary,
            license="Apache-2.0 (MediaPipe)",
            answers=self.answers,
            packages=(_PACKAGE,),
            convert=self.convert,
        )

    def convert(self, packages: Mapping[str, Path]) -> onnx.ModelProto:
        """Make the ONNX model."""
        member = f"mediapipe/modules/{self.file}.tflite"
        data = read_member(packages[_PACKAGE.project], member)
        model = tflite.convert(data, member, channels_first=True)
        self._choose_outputs(model.graph, member)
        preprocess = Preprocess("image", resize="letterbox", pad_value=0, **self.frames)
        set_metadata(
            model,
            preprocess=preprocess,
            labels=[self.label],
            decoder=self.decoder,
            provenance=self.recipe().provenance(),
        )
        return model

    def _choose_outputs(self, graph: onnx.GraphProto, where: str) -> None:
        """Leave the outputs that are wanted, with the names and functions that they get here."""
        outputs = [value for value in graph.output if value.name in self.names]
        if {value.name for value in (*graph.input, *outputs)} != set(self.names):
            raise CompileError(f"{where} has unexpected inputs or outputs")
        del graph.output[:]
        graph.output.extend(outputs)
        rename_tensors(graph, self.names)
        for value in (*graph.input, *graph.output):
            value.name = self.names[value.name]
        rename_tensors(graph, {name: f"{name}/logit" for name in self.logits})
        for name in self.logits:
            graph.node.append(helper.make_node("Sigmoid", [f"{name}/logit"], [name], name=name))


_MODELS = (
    _Model(
        name="blazeface",
        summary="BlazeFace (short range), faces with six points, 1x3x128x128",
        answers="astronaut: a face of 0.92 at [179, 82, 271, 175]",
        file="face_detection/face_detection_short_range",
        names={"input": "image", "regressors": "boxes", "classificators": "scores"},
        frames=_SIGNED,
        label="face",
        decoder=Decoder("blazeface", {"boxes": ["boxes"], "scores": ["scores"]}),
    ),
    _Model(
        name="facemesh",
        summary="face mesh, 468 points of a face that fills the image, 1x3x192x192",
        answers="astronaut's face, cut out: its points",
        file="face_landmark/face_landmark",
        names={"input_1": "image", "conv2d_21": "points", "conv2d_31": "presence"},
        frames=_UNIT,
        label="face",
        decoder=Decoder("landmarks", {"values": "xyz", **_POINTS}),
        logits=("presence",),
    ),
    _Model(
        name="blazepose",
        summary="BlazePose (full), 33 points of a person that fills the image, 1x3x256x256",
        answers="astronaut: a person of 0.90",
        file="pose_landmark/pose_landmark_full",
        names={"input_1": "image", "Identity": "points", "Identity_1": "presence"},
        frames=_UNIT,
        label="person",
        decoder=Decoder(
            "landmarks",
            # x, y, z, visibility, presence; behind the points of the body are some that help
            {"values": "xyzs-", "sigmoid": True, "points": 33, **_POINTS},
        ),
    ),
    _Model(
        name="selfie",
        summary="selfie segmentation, the pixels of persons, 1x3x256x256",
        answers="astronaut: a mask of the person",
        file="selfie_segmentation/selfie_segmentation",
        names={"input_1": "image", "activation_10": "person"},
        frames=_UNIT,
        label="person",
        decoder=Decoder("segmentation", {"output": "person"}),
    ),
)
RECIPES = tuple(model.recipe() for model in _MODELS)
