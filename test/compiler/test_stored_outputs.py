"""The nine networks of the onnx package against the outputs that it stores beside them."""

from __future__ import annotations

from pathlib import Path
import shutil

import numpy as np
import onnx
from onnx import numpy_helper
import pytest

from edge_compiler import targets
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_compiler.targets.base import Description
from edge_perception.runtime import Library

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
NAMES = sorted(path.stem for path in FOLDER.glob("light_*.onnx"))


def test_there_are_nine() -> None:
    assert len(NAMES) == 9


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_stored_output(name: str, tmp_path: Path) -> None:
    """Run on the ramp from 0 to 1 for which onnx stores the output, with every instruction set."""
    graph = load(FOLDER / f"{name}.onnx")
    optimise(graph)
    model = targets.get("host").build(graph, Description(name, ""), tmp_path, lambda *_: None)
    expected = numpy_helper.to_array(onnx.load_tensor(FOLDER / f"{name}_output_0.pb"))
    (image,), (output,) = model.inputs, model.outputs
    size = int(np.prod(image.shape))
    ramp = (np.arange(size).reshape(image.shape) / size).astype(np.float32)
    library = Library(tmp_path / "model.so")
    for variant in model.variants:
        with library.create(threads=2, variant=variant) as instance:
            found = instance.run({image.name: ramp})[output.name]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7, err_msg=variant)
    shutil.rmtree(tmp_path / "source")  # with a copy of the weights
