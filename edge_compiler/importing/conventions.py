"""
What a model's outputs, names and metadata say of how it was trained to see, where nobody says it.

Each guess is one that a person would make who knows where such models come from, and has a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from edge_compiler.description.coco import COCO
from edge_compiler.description.decoding import is_camera_image, make_decoder
from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.ir.image import channel_axis, image_layout
from edge_perception.runtime.manifest import Decoder, Preprocess

_LONGEST_LITERAL = 1 << 20
_IMAGENET = {"mean": [123.675, 116.28, 103.53], "scale": [0.017125, 0.017507, 0.017429]}
_SIGNED = {"mean": 127.5, "scale": 1 / 127.5}
_UNIT = {"scale": 1 / 255}
_LETTERBOX = {"resize": "letterbox"}
_BLACK = {"resize": "letterbox", "pad_value": 0}
_ULTRALYTICS = {**_LETTERBOX, **_UNIT}

_FRAMES: dict[str, tuple[dict[str, Any], str]] = {
    "blazeface": ({**_BLACK, **_SIGNED}, "MediaPipe's detectors are trained with -1 to 1"),
    "boxes": (_ULTRALYTICS, "YOLO is trained with 0 to 1"),
    "centerface": (_BLACK, "CenterFace is trained with 0 to 255"),
    "centernet": (
        {
            "color": "bgr",
            **_LETTERBOX,
            "mean": [104.04, 113.985, 119.85],
            "scale": [0.01357, 0.01431, 0.0141],
        },
        "CenterNet is trained with BGR, normalised",
    ),
    "classification": (_IMAGENET, "torchvision's and timm's models are trained so on ImageNet"),
    "embedding": (_SIGNED, "most networks for faces are trained with -1 to 1"),
    "gfl": (
        {
            "color": "bgr",
            **_LETTERBOX,
            "mean": [103.53, 116.28, 123.675],
            "scale": [0.017429, 0.017507, 0.017125],
        },
        "NanoDet is trained with BGR, normalised as ImageNet",
    ),
    "keypoints": ({**_LETTERBOX, **_IMAGENET}, "networks for poses are trained so"),
    "landmarks": ({**_BLACK, **_UNIT}, "most such networks are trained with 0 to 1"),
    "segmentation": (_IMAGENET, "torchvision's networks are trained so"),
    "simcc": ({**_LETTERBOX, **_IMAGENET}, "RTMPose is trained so"),
    "ssd": ({"mean": 127, "scale": 1 / 128}, "UltraFace and many SSDs are trained with -1 to 1"),
    "yolo": (_ULTRALYTICS, "YOLO is trained with 0 to 1"),
    "yolo_heads": (_ULTRALYTICS, "YOLO is trained with 0 to 1"),
    "yolox": ({"color": "bgr", **_LETTERBOX}, "YOLOX is trained with BGR from 0 to 255"),
    "yunet": ({"color": "bgr", **_BLACK}, "YuNet is trained with BGR from 0 to 255"),
}
_RETINAFACE = (
    {"color": "bgr", **_BLACK, "mean": [104, 117, 123]},
    "RetinaFace is trained with BGR less the mean",
)
_LIKE_YOLO = {"gfl": {"first": "edges"}, "ssd": {"unit": "pixel"}}
"""By decoder: parameters of networks that are trained as YOLO is."""
_FACES = ("blazeface", "centerface", "yunet")
_DETECTORS = ("centernet", "gfl", "ssd", "yolo", "yolo_heads", "yolox")
_NORMALISING = ("Add", "BatchNormalization", "Div", "Mul", "Sub")


@dataclass(frozen=True)
class Guess:
    """
    Something that a model doesn't say.

    :ivar key: of the metadata, e.g. "edge.labels".
    :ivar value: what is to be written there, as JSON.
    :ivar because: the reason, a clause.
    """

    key: str
    value: Any
    because: str


def complete(
    graph: Graph, model: Path, overrides: Overrides, ended: Decoder | None = None
) -> tuple[Description, list[Guess]]:
    """
    Return the description of a model, completed by guesses of what neither file nor user says.

    :param graph: was read from the file ``model``; its metadata is completed, too.
    :param ended: what its outputs mean, by a node that was cut off behind them.
    :raises CompileError: if what file and user say is wrong.
    """
    guesses = []

    def take(found: Guess | None) -> None:
        if found is not None:
            guesses.append(found)
            graph.metadata[found.key] = json.dumps(found.value)

    exported = _ultralytics(graph.metadata)
    if not describe(graph, model, overrides).labels and "names" in exported:
        take(Guess("edge.labels", exported["names"], "Ultralytics' metadata names them"))
    decoder = describe(graph, model, overrides).decoder
    if decoder.because:  # nobody says it
        take(_decoder(graph, ended or decoder, exported))
    described = describe(graph, model, overrides)
    if not described.labels:
        take(_labels(graph, described))
    if described.preprocess is None:
        take(_frames(graph, described.decoder, exported))
    elif not overrides.preprocess:
        take(_fit(json.loads(graph.metadata["edge.preprocess"]), described.decoder))
    return describe(graph, model, overrides), guesses


def _ultralytics(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return what Ultralytics' exporter says of a model, as far as it is as it should be."""
    if "names" not in metadata or not {"stride", "task"} & metadata.keys():
        return {}
    said: dict[str, Any] = {"task": metadata.get("task", "detect")}
    names = _literal(metadata["names"])
    if isinstance(names, dict):
        names = [names.get(number) for number in range(len(names))]
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        said["names"] = names
    shape = _literal(metadata.get("kpt_shape", ""))
    if isinstance(shape, list) and len(shape) == 2 and all(isinstance(n, int) for n in shape):
        said["points"], said["point_values"] = shape
    return said


def _literal(text: str) -> Any:
    """Return the value of a literal of Python, None if it is none."""
    if len(text) > _LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _decoder(graph: Graph, recognised: Decoder, exported: Mapping[str, Any]) -> Guess | None:
    if exported.get("task") == "pose" and "points" in exported and len(graph.outputs) == 1:
        parameters = {
            "output": graph.outputs[0].name,
            "points": exported["points"],
            "point_values": exported["point_values"],
        }
        value = {"kind": "yolo", "parameters": parameters}
        return Guess("edge.decoder", value, "Ultralytics' metadata says that it is for poses")
    if recognised.kind == "tensors":
        return None
    value = {"kind": recognised.kind, "parameters": recognised.parameters}
    return Guess("edge.decoder", value, recognised.because)


def _labels(graph: Graph, described: Description) -> Guess | None:
    """Return the usual labels of as many classes as the outputs have."""
    if described.decoder.kind in _FACES:
        return Guess("edge.labels", ["face"], "it is a detector of faces")
    if described.decoder.kind not in _DETECTORS or not is_camera_image(graph):
        return None
    frames = Preprocess(graph.inputs[0].name)
    try:
        make_decoder(described.decoder, graph, described.name, frames, COCO)
    except CompileError:
        return None
    return Guess("edge.labels", list(COCO), f"{len(COCO)} classes are those of COCO")


def _frames(graph: Graph, decoder: Decoder, exported: Mapping[str, Any]) -> Guess | None:
    if not is_camera_image(graph):
        return None
    spec, because = _FRAMES.get(decoder.kind, (_UNIT, "0 to 1 is the most usual"))
    if exported:
        is_whole = exported["task"] == "classify"
        spec, because = (_UNIT if is_whole else _ULTRALYTICS), "Ultralytics' models are trained so"
    elif decoder.kind == "ssd" and "landmarks" in decoder.parameters:
        spec, because = _RETINAFACE
    elif any(decoder.parameters.get(k) == v for k, v in _LIKE_YOLO.get(decoder.kind, {}).items()):
        spec, because = _FRAMES["yolo"]
    image = graph.inputs[0]
    readers = graph.consumers(image)
    if len(readers) == 1 and readers[0].op in _NORMALISING:
        spec = {key: spec[key] for key in ("color", "resize", "pad_value") if key in spec}
        because = f"it begins with a {readers[0].op}, so it normalises pixels itself"
    if image.shape[channel_axis(image_layout(image.shape))] == 1:
        spec = {key: value for key, value in spec.items() if not isinstance(value, list)}
        spec.pop("color", None)
    return Guess("edge.preprocess", spec, because)


def _fit(said: Mapping[str, Any], decoder: Decoder) -> Guess | None:
    """Return how frames are fitted to the input, where a file leaves that open."""
    usual, _ = _FRAMES.get(decoder.kind, ({}, ""))
    fit = {key: usual[key] for key in ("resize", "pad_value") if key in usual}
    if said.get("resize", "") is not None or not fit:
        return None
    because = f"the file says the rest; what {decoder.kind} decodes is trained with whole frames"
    return Guess("edge.preprocess", {**said, **fit}, because)
