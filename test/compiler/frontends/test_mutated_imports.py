"""
Damaged models of other formats: each is refused in one sentence, or is some other model.

``make test-mutated`` tries 2,000 of each, the usual tests fewer (``--files``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import random
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from damage import cut, flipped, repeated
import flatbuffers
import numpy as np
import pytest
from tflite_cases import CASES

from edge_compiler.errors import CompileError
from edge_compiler.frontends import as_onnx

HERE = Path(__file__).parent
NUMBERS = (-(2**31), -2, -1, 0, 1, 2, 3, 5, 100, 2**16, 2**31 - 1)
Files = dict[str, bytes]
Damage = Callable[[bytearray, random.Random], bytes]


def _rewritten(data: bytearray, choose: random.Random) -> bytes:
    """Change what a file of TensorFlow Lite says, and leave it a file that can be read."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytes(data), 0))
    for _ in range(choose.choice((1, 1, 2, 5))):
        _change(model.subgraphs[0], choose)
    try:
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
    except (TypeError, ValueError, OverflowError):  # no file can say that
        return bytes(data)
    return bytes(builder.Output())


def _change(made: Any, choose: random.Random) -> None:
    """Change a field of a table, or of one within it."""
    name = choose.choice([key for key, value in vars(made).items() if value is not None])
    value = getattr(made, name)
    if isinstance(value, list | np.ndarray) and len(value):
        index = choose.randrange(len(value))
        if hasattr(value[index], "Pack"):
            _change(value[index], choose)
        else:
            numbers = [*value[:index], choose.choice(NUMBERS), *value[index + 1 :]]
            setattr(made, name, numbers[: choose.choice((len(numbers), index))])
    elif hasattr(value, "Pack"):
        _change(value, choose)
    elif isinstance(value, int):
        setattr(made, name, choose.choice((*NUMBERS, value + 1)))


MODELS: dict[str, tuple[Callable[[random.Random], Files], tuple[Damage, ...]]] = {
    "caffe": (
        lambda _: _files("caffe", "layers.prototxt", "layers.caffemodel"),
        (flipped, cut, repeated),
    ),
    "mxnet": (
        lambda _: _files("mxnet", "operators-symbol.json", "operators-0000.params"),
        (flipped, cut, repeated),
    ),
    "described": (lambda _: _files("tflite", "classifier.tflite"), (flipped, cut, repeated)),
    "tflite": (
        lambda choose: {"made.tflite": choose.choice(list(CASES.values())).write()},
        (flipped, cut, repeated, _rewritten, _rewritten, _rewritten),
    ),
}


def _files(folder: str, *names: str) -> Files:
    return {name: (HERE / folder / name).read_bytes() for name in names}


@pytest.mark.parametrize("format_", MODELS)
def test_mutated_model(format_: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    originals, ways = MODELS[format_]
    imported, refused = 0, []
    for seed in range(pytestconfig.getoption("--files") // 5):
        choose = random.Random(seed)
        files = originals(choose)
        chosen = choose.choice(list(files))
        for name, data in files.items():
            damaged = choose.choice(ways)(bytearray(data), choose)
            (tmp_path / name).write_bytes(damaged if name == chosen else data)
        try:
            with as_onnx(tmp_path / next(iter(files))) as file:
                imported += file.exists()
        except CompileError as error:
            refused.append(str(error))
    assert imported
    assert not [sentence for sentence in refused if "\n" in sentence]
