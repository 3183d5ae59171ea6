"""What 8 bits cost, and whether they are the same everywhere: files and tables of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto
import pytest

from bench import digests, precision
from bench.precision_table import BEGIN, END, merge, publish, Row


def row(network: str, method: str, drop: float, measure: str = "top-1") -> Row:
    return Row(network, method, measure, drop, 21.04, 1.0, 32, "abc")


def test_rows_of_several_runs_become_one_table(tmp_path: Path) -> None:
    path, page = tmp_path / "precision.json", tmp_path / "precision.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    merge(path, [row("squeezenet1.1", "mse", 0.5), row("blazeface", "mse", 0.25, "boxes")])
    known = merge(path, [row("squeezenet1.1", "mse", 0.125)])
    publish(known, ["minmax", "mse"], ["blazeface", "squeezenet1.1", "selfie"], page)
    assert page.read_text() == (
        f"before\n{BEGIN}| network | compared | minmax | mse |\n| --- | --- | --- | --- |\n"
        "| blazeface | boxes |  | 25.0 %, 21.0 dB |\n"
        f"| squeezenet1.1 | first answer |  | 12.5 %, 21.0 dB |\n{END}after\n"
    )


def test_the_published_table_is_that_of_the_file(tmp_path: Path) -> None:
    known = [Row(**each) for each in json.loads(precision.RESULTS.read_text())["rows"]]
    page = tmp_path / "precision.md"
    page.write_text(precision.PAGE.read_text())
    publish(known, precision.WAYS, precision.NETWORKS, page)
    assert page.read_text() == precision.PAGE.read_text()
    assert {each.network for each in known} <= {*precision.NETWORKS}


def test_the_published_digests_are_those_of_the_file(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(digests.README.read_text())
    found = json.loads(digests.RESULTS.read_text())["digests"]
    digests.publish(found, page)
    assert page.read_text() == digests.README.read_text()
    assert len({digest for each in found.values() for digest in each.values()}) == 1


def test_a_network_ends_with_its_last_bytes() -> None:
    numbers = {"scale": np.float32(0.1), "zero": np.uint8(7)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        helper.make_node("Softmax", ["d"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 5]) for name in "xy"]
    constants = [onnx.numpy_helper.from_array(np.asarray(x), name) for name, x in numbers.items()]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], constants)
    model = digests.until_bytes(helper.make_model(graph))
    [output] = model.graph.output
    assert (output.name, output.type.tensor_type.elem_type) == ("q", TensorProto.UINT8)


@pytest.mark.parametrize(("other", "status"), [("aa", 0), ("bb", 1)])
def test_bytes_that_differ_are_an_error(
    other: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found: dict[str, Any] = {"host": {"avx2": "aa"}, "aarch64": {"neon": other}, "armv7": {}}
    monkeypatch.setattr(digests, "RESULTS", tmp_path / "digests.json")
    monkeypatch.setattr(digests, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"before\n{digests.BEGIN}{digests.END}after\n")
    monkeypatch.setattr(digests, "integer_model", lambda *_: (onnx.ModelProto(), []))
    monkeypatch.setattr(digests, "digests", lambda _model, _every, target, *_: found[target])
    assert digests.main([]) == status
    captured = capsys.readouterr()
    assert ("the bytes differ" in captured.err) == bool(status)
    assert json.loads((tmp_path / "digests.json").read_text())["digests"] == found
    assert f"| aarch64 | neon | `{other}` |\n{digests.END}" in (tmp_path / "README.md").read_text()
