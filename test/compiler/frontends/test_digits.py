"""Each format's network of digits on this machine, against its framework."""

from __future__ import annotations

import json
from pathlib import Path

from digit_models import check_digits, FOLDER, MODELS, pictures
import numpy as np
import onnx
import pytest
from tflite_files import make_inputs, run_litert

from edge_compiler.compile import compile_model, Options
from edge_compiler.files.reading import sha256
from edge_perception.runtime import load


@pytest.mark.parametrize("name", MODELS)
def test_a_network_of_each_format_reads_digits(name: str, tmp_path: Path) -> None:
    check_digits(MODELS[name], "host", tmp_path)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.source])
def test_what_was_exported_names_the_file_of_the_framework(name: str) -> None:
    model = MODELS[name]
    said = {p.key: p.value for p in onnx.load(FOLDER / model.file).metadata_props}
    source = FOLDER / model.source
    files = sorted(f for f in source.rglob("*") if f.is_file()) if source.is_dir() else [source]
    origin = json.loads(said["edge.provenance"])
    assert origin["source_sha256"] == ", ".join(map(sha256, files))


def test_integers_are_those_of_litert(tmp_path: Path) -> None:
    """A step of the scores' scale, 1/256, is what rounding may change."""
    file, bundle = FOLDER / "digits_int8.tflite", tmp_path / "digits.edge"
    compile_model(file, bundle, Options(), lambda *_: None)
    data = file.read_bytes()
    (name,) = make_inputs(data)
    with load(bundle, threads=1) as instance:
        for digit, picture in enumerate(pictures()):
            image = (picture[None].astype(np.int16) - 128).astype(np.int8)
            (expected,) = run_litert(data, {name: image}).values()
            (found,) = instance.run({instance.model.inputs[0].name: image}).values()
            assert found.argmax() == digit
            assert np.abs(found.astype(int) - expected).max() <= 1
