"""
Damaged models of other formats: each is refused in one sentence, or is some other model.

``make test-mutated`` tries 2,000 of each, the usual tests fewer (``--files``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import random

from damage import cut, flipped, repeated
import pytest
from tflite_files import small

from edge_compiler.errors import CompileError
from edge_compiler.frontends import as_onnx

HERE = Path(__file__).parent
MODELS: dict[str, Callable[[], dict[str, bytes]]] = {
    "caffe": lambda: _files("caffe", "layers.prototxt", "layers.caffemodel"),
    "mxnet": lambda: _files("mxnet", "operators-symbol.json", "operators-0000.params"),
    "tflite": lambda: {"small.tflite": small()[0]},
}


def _files(folder: str, *names: str) -> dict[str, bytes]:
    return {name: (HERE / folder / name).read_bytes() for name in names}


@pytest.mark.parametrize("format_", MODELS)
def test_mutated_model(format_: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    originals = MODELS[format_]()
    imported, refused = 0, []
    for seed in range(pytestconfig.getoption("--files") // 5):
        choose = random.Random(seed)
        chosen = choose.choice(list(originals))
        for name, data in originals.items():
            damaged = choose.choice((flipped, cut, repeated))(bytearray(data), choose)
            (tmp_path / name).write_bytes(damaged if name == chosen else data)
        try:
            with as_onnx(tmp_path / next(iter(originals))) as file:
                imported += file.exists()
        except CompileError as error:
            refused.append(str(error))
    assert imported
    assert not [sentence for sentence in refused if "\n" in sentence]
