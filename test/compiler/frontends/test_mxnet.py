"""MXNet's files as ONNX: against what MXNet computed with them (see ``mxnet/make.py``)."""

from __future__ import annotations

import json
from pathlib import Path
import shutil
from typing import Any

from edgec_cases import Capture, refusal, run
from imported_cases import check_bundle, check_outputs
import numpy as np
import pytest

from edge_compiler.frontends import as_onnx

FOLDER = Path(__file__).parent / "mxnet"
SYMBOL, PARAMS = FOLDER / "operators-symbol.json", FOLDER / "operators-0000.params"
SHAPE = ("--shape", "data=1,4,9,7")


def stored() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return an image, and what MXNet made of it."""
    with np.load(FOLDER / "operators.npz") as file:
        names = [str(name).removesuffix("_output") for name in file["names"]]
        return file["arr_0"], {name: file[f"arr_{i}"] for i, name in enumerate(names, start=1)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give the symbol of a copy."""
    shutil.copy(PARAMS, tmp_path)
    return Path(shutil.copy(SYMBOL, tmp_path))


def test_every_operator_computes_what_mxnet_does() -> None:
    with as_onnx(SYMBOL) as file:
        check_outputs(file, *stored())


def test_it_is_compiled(tmp_path: Path) -> None:
    check_bundle(SYMBOL, tmp_path / "operators.edge", *stored())


def test_either_file_names_the_model() -> None:
    with as_onnx(SYMBOL) as one, as_onnx(PARAMS) as other:
        assert one.read_bytes() == other.read_bytes()


def test_the_last_epoch_is_taken(copy: Path, capsys: Capture) -> None:
    copy.with_name("operators-0007.params").write_bytes(PARAMS.read_bytes()[:100])
    assert "operators-0007.params is no file of MXNet's parameters" in refusal(
        capsys, "analyze", copy
    )


def test_the_shape_is_asked_for(capsys: Capture) -> None:
    assert "fix it with --shape data=1,3,224,224" in refusal(capsys, "analyze", SYMBOL)
    assert run("analyze", SYMBOL, *SHAPE) == 0


def changed(path: Path, node: str, **attributes: Any) -> None:
    content = json.loads(path.read_text())
    (found,) = (entry for entry in content["nodes"] if entry["name"] == node)
    for key, value in attributes.items():
        if key in found:
            found[key] = value
        else:
            found["attrs"][key] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("node", "attributes", "reason"),
    [
        ("conv", {"layout": "NHWC"}, "'conv' (Convolution) has the layout NHWC, only NCHW"),
        ("conv", {"kernel": "(3, x)"}, "kernel of 'conv' (Convolution) is '(3, x)', expected"),
        ("conv", {"op": "Custom"}, "the operator 'conv' is a Custom, which is not supported"),
        ("relu", {"act_type": "odd"}, "'relu' (Activation) is of the type 'odd'"),
        ("max", {"pool_type": "lp"}, "'max' (Pooling) is of the type lp"),
        ("conv", {"inputs": [[99, 0, 0]]}, "'conv' reads a node that comes behind it"),
        ("conv", {"inputs": [[0, 0, 0]]}, "'conv' (Convolution) lacks its input 1"),
    ],
)
def test_bad_symbol(
    node: str, attributes: dict[str, Any], reason: str, copy: Path, capsys: Capture
) -> None:
    changed(copy, node, **attributes)
    assert reason in refusal(capsys, "analyze", copy, *SHAPE)


def test_params_of_another_network(copy: Path, capsys: Capture) -> None:
    data = PARAMS.read_bytes().replace(b"arg:conv_weight", b"arg:cant_weight")
    copy.with_name(PARAMS.name).write_bytes(data)
    said = refusal(capsys, "analyze", copy, *SHAPE)
    assert "the input 1 'conv_weight' of 'conv' (Convolution) has no values" in said


def test_truncated_params(copy: Path, capsys: Capture) -> None:
    copy.with_name(PARAMS.name).write_bytes(PARAMS.read_bytes()[:1000])
    assert "no file of MXNet's parameters: 4 bytes are expected at byte 1000" in refusal(
        capsys, "analyze", copy, *SHAPE
    )


def test_the_other_file_is_missing(copy: Path, capsys: Capture) -> None:
    copy.with_name(PARAMS.name).unlink()
    said = refusal(capsys, "analyze", copy, *SHAPE)
    assert "beside it operators-[0-9]*.params is expected, but there is none" in said
