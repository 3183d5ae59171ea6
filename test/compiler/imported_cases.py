"""What the tests of models in other formats share: the outputs that their own engine computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from edge_compiler.compile import compile_model, Options
from edge_perception.runtime import Library

TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def check_outputs(model: Path, image: np.ndarray, outputs: Mapping[str, np.ndarray]) -> None:
    """Run an imported model in ONNX Runtime; it computes these outputs and no others."""
    session = onnxruntime.InferenceSession(model)
    (name,) = (value.name for value in session.get_inputs())
    names = [value.name for value in session.get_outputs()]
    found = dict(zip(names, session.run(None, {name: image}), strict=True))
    _compare(found, outputs)


def check_bundle(
    model: Path, bundle: Path, image: np.ndarray, outputs: Mapping[str, np.ndarray]
) -> None:
    """Compile a model of another format and run it."""
    shapes = {"data": image.shape}
    compiled = compile_model(model, bundle, Options(shapes=shapes), lambda *_: None).model
    with Library(bundle / "model.so").create() as instance:
        found = instance.run({compiled.inputs[0].name: image})
    _compare(found, outputs)


def _compare(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, err_msg=name, **TOLERANCE)
