"""
PP-OCR v4 as RapidOCR carries it: where text is, and what a line of it says.

Cut out what the first one finds, and show it to the second. It reads Chinese and Latin letters,
digits and punctuation; a line that is some seven times as wide as high fills its input.

Du et al., "PP-OCR: A Practical Ultra Lightweight OCR System".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.zoo.ready import rename_tensors
from edge_compiler.zoo.recipe import Package, read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

Shape = tuple[int, ...]
_FOLDER = "rapidocr_onnxruntime/models"
_IMAGENET = (123.675, 116.28, 103.53), (0.017125, 0.017507, 0.017429)
_PACKAGE = Package(
    project="rapidocr-onnxruntime",
    version="1.4.4",
    filename="rapidocr_onnxruntime-1.4.4-py3-none-any.whl",
    size=14915192,
    sha256="971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
    license_member="rapidocr_onnxruntime-1.4.4.dist-info/METADATA",
)
_LICENSE = "Apache-2.0 (PaddleOCR, RapidOCR)"


def _read(
    packages: Mapping[str, Path], file: str, shapes: tuple[Shape, Shape], names: Mapping[str, str]
) -> onnx.ModelProto:
    """
    Return a network for an image of one size, with better names.

    :param shapes: of the image and of what it yields.

    :raises CompileError: if it is not the file that was expected.
    """
    member = f"{_FOLDER}/{file}"
    try:
        model = onnx.load_model_from_string(read_member(packages[_PACKAGE.project], member))
        [image], [output] = model.graph.input, model.graph.output
        for value in (image, output):
            value.name = names[value.name]
    except (KeyError, ValueError) as error:
        raise CompileError(f"{member} has unexpected content: {error!r}") from error
    rename_tensors(model.graph, names)
    for value, sizes in ((image, shapes[0]), (output, shapes[1])):
        for dimension, size in zip(value.type.tensor_type.shape.dim, sizes, strict=True):
            dimension.dim_value = size
    return model


def convert_finder(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the network that finds lines of text."""
    names = {"x": "image", "sigmoid_0.tmp_0": "text"}
    shapes = (1, 3, 480, 640), (1, 1, 480, 640)
    model = _read(packages, "ch_PP-OCRv4_det_infer.onnx", shapes, names)
    mean, scale = _IMAGENET
    frames = Preprocess("image", color="bgr", resize="letterbox", mean=mean, scale=scale)
    set_metadata(
        model,
        preprocess=frames,
        labels=["text"],
        decoder=Decoder("dbnet", {"output": "text"}),
        provenance=FINDER.provenance(),
    )
    return model


def convert_reader(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Make the network that reads a line; the characters stand in its file."""
    names = {"x": "image", "softmax_11.tmp_0": "characters"}
    shapes = (1, 3, 48, 320), (1, 40, 6625)
    model = _read(packages, "ch_PP-OCRv4_rec_infer.onnx", shapes, names)
    said = {entry.key: entry.value for entry in model.metadata_props}
    mean, scale = (127.5,) * 3, (1 / 127.5,) * 3
    set_metadata(
        model,
        preprocess=Preprocess(
            "image", color="bgr", resize="letterbox", mean=mean, scale=scale, pad_value=127
        ),
        labels=[*said.get("character", "").splitlines(), " "],
        decoder=Decoder("ctc", {"output": "characters"}),
        provenance=READER.provenance(),
    )
    return model


_recipe = partial(Recipe, license=_LICENSE, packages=(_PACKAGE,))
FINDER = _recipe(
    name="ppocr_det",
    summary="PP-OCR v4, where text is, 1x3x480x640",
    answers="page: its lines",
    convert=convert_finder,
)
READER = _recipe(
    name="ppocr_rec",
    summary="PP-OCR v4, what a line of text says, 1x3x48x320",
    answers="a line of page, cut out: its words",
    convert=convert_reader,
)
RECIPES = (FINDER, READER)
