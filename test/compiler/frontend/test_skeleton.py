"""Large initializers stay in the file, and nothing else changes."""

from __future__ import annotations

import mmap
from pathlib import Path
import random

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
import numpy as np
import onnx
from onnx import numpy_helper, TensorProto
from onnx.reference import ReferenceEvaluator
import pytest
from small_models import make_model, node, weights

from edge_compiler.frontend import load
from edge_compiler.frontend.skeleton import skeleton
from edge_compiler.onnx_runtime.reference import Reference
from edge_perception.runtime.manifest import Tensor

CONSTANTS = {
    "w": weights(64, 64, 3, 3),
    "b": weights(64),
    "half": weights(64, 64, 1, 1).astype(np.float16),
    "flags": np.ones(5000, bool),
}


def model() -> onnx.ModelProto:
    """Return a model with initializers of many sizes and types, one of them not as raw bytes."""
    nodes = [node("Conv", "x w b", "t"), node("Conv", "t v", "y")]
    made = make_model(nodes, {"x": [1, 64, 8, 8]}, CONSTANTS)
    numbers = weights(64, 64, 1, 1)
    made.graph.initializer.append(
        onnx.helper.make_tensor("v", TensorProto.FLOAT, numbers.shape, numbers.ravel().tolist())
    )
    return made


def lean(content: bytes, folder: Path) -> bytes:
    path = folder / "m.onnx"
    path.write_bytes(content)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return skeleton(mapped, path.name)


def restored(content: bytes, path: Path) -> onnx.ModelProto:
    """Parse a skeleton, and put the data back with what onnx itself has for external data."""
    found = onnx.load_model_from_string(content)
    onnx.load_external_data_for_model(found, str(path.parent))
    for tensor in found.graph.initializer:
        tensor.ClearField("data_location")
    return found


def test_what_is_large_stays_in_the_file(tmp_path: Path) -> None:
    content = model().SerializeToString()
    found = lean(content, tmp_path)
    tensors = {t.name: t for t in onnx.load_model_from_string(found).graph.initializer}
    outside = {n for n, t in tensors.items() if t.data_location == TensorProto.EXTERNAL}
    assert outside == {"w", "half"}
    assert len(found) < len(content) - CONSTANTS["w"].nbytes
    assert restored(found, tmp_path / "m.onnx") == model_of(content)


def model_of(content: bytes) -> onnx.ModelProto:
    return onnx.load_model_from_string(content)


def test_a_damaged_file_is_what_it_is_without(tmp_path: Path) -> None:
    content = bytearray(model().SerializeToString())
    choose = random.Random(1)
    for _ in range(300):
        damaged = content[: choose.randint(1, len(content))]
        for _ in range(choose.randint(0, 3)):
            place = choose.choice([len(damaged), min(len(damaged), 400)])
            damaged[choose.randrange(place)] = choose.randrange(256)
        try:
            wanted = onnx.load_model_from_string(bytes(damaged))
        except DecodeError:
            with pytest.raises(DecodeError):
                onnx.load_model_from_string(lean(bytes(damaged), tmp_path))
            continue
        found = lean(bytes(damaged), tmp_path)
        if found != damaged:
            assert restored(found, tmp_path / "m.onnx") == wanted


@pytest.mark.parametrize("link", [False, True])
def test_weights_are_read_from_the_file(
    link: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, path = model(), tmp_path / "m.onnx"
    onnx.save(made, path)
    if link:
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / "other.onnx").symlink_to(path)
        path = tmp_path / "links" / "other.onnx"
    monkeypatch.chdir("/")
    graph = load(path)
    wanted = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    for value in graph.constants():
        np.testing.assert_array_equal(value.constant, wanted[value.name])
    x = weights(1, 64, 8, 8)
    expected = ReferenceEvaluator(made).run(["y"], {"x": x})[0]
    found = Reference(path, [Tensor("x", (1, 64, 8, 8))], []).run({"x": x})["y"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
