"""What the tests of the front end share: a model, and that it is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from small_models import load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.passes import optimise

IMAGE = {"x": [1, 4, 6, 6]}
CONV = {"w": weights(4, 4, 3, 3), "bias": weights(4)}


def conv_model(**attributes: Any) -> onnx.ModelProto:
    return make_model([node("Conv", "x w bias", "y", **attributes)], IMAGE, CONV)


def refused(model: onnx.ModelProto, folder: Path, pattern: str, **arguments: Any) -> str:
    """Expect one sentence that matches the pattern, and return it."""
    with pytest.raises(CompileError, match=pattern) as error:
        optimise(load_model(model, folder, **arguments))
    message = str(error.value)
    assert "\n" not in message
    return message


def external(folder: Path, **changes: str) -> onnx.ModelProto:
    """Return a model whose weights are in a file beside it, described with changes."""
    model = make_model([node("Conv", "x w bias", "y")], {"x": [1, 64, 5, 5]}, EXTERNAL)
    onnx.save(
        model, folder / "outside.onnx", save_as_external_data=True, location="w", size_threshold=0
    )
    model = onnx.load(folder / "outside.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            entry.value = changes.get(entry.key, entry.value)
    return model


EXTERNAL = {"w": weights(8, 64, 3, 3), "bias": weights(8)}
