"""Networks that packages carry as ONNX files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.zoo.recipe import read_member, Recipe, set_metadata
from edge_perception.runtime.manifest import Decoder


def read_ready(
    recipe: Recipe, packages: Mapping[str, Path], member: str, names: Mapping[str, str]
) -> onnx.ModelProto:
    """
    Return the ONNX file of a recipe's only package, with better names for inputs and outputs.

    The network looks at no pictures.

    :param names: by what they are called in the file.
    :raises CompileError: if it is not the file that was expected.
    """
    [archive] = packages.values()
    try:
        model = onnx.load_model_from_string(read_member(archive, member))
        for value in (*model.graph.input, *model.graph.output):
            value.name = names[value.name]
    except (KeyError, ValueError) as error:
        raise CompileError(f"{member} has unexpected content: {error!r}") from error
    rename_tensors(model.graph, names)
    set_metadata(
        model,
        preprocess=None,
        labels=[],
        decoder=Decoder("tensors"),
        provenance=recipe.provenance(),
    )
    return model


def rename_tensors(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Give tensors that nodes read and compute other names."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
