"""The nine networks as the onnx package ships them, against the outputs that it stores."""

from __future__ import annotations

from pathlib import Path
import shutil

from light_models import COMPILED, FOLDER
import numpy as np
import onnx
from onnx import numpy_helper
import pytest
from small_models import RUNNABLE

from edge_compiler.compile import compile_model, Options
from edge_perception.runtime import Library


def test_there_are_nine() -> None:
    assert len(COMPILED) == 9


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_stored_output(name: str, tmp_path: Path) -> None:
    """Prove it, and run what this processor can on the ramp for which onnx stores the output."""
    bundle = tmp_path / f"{name}.edge"
    model = compile_model(FOLDER / f"light_{name}.onnx", bundle, Options(), lambda *_: None).model
    expected = numpy_helper.to_array(onnx.load_tensor(FOLDER / f"light_{name}_output_0.pb"))
    (image,), (output,) = model.inputs, model.outputs
    size = int(np.prod(image.shape))
    ramp = (np.arange(size).reshape(image.shape) / size).astype(np.float32)
    library = Library(bundle / "model.so")
    for variant in RUNNABLE:
        with library.create(threads=2, variant=variant) as instance:
            found = instance.run({image.name: ramp})[output.name]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7, err_msg=variant)
    shutil.rmtree(bundle)  # with all the weights: pytest keeps the folders of three runs
