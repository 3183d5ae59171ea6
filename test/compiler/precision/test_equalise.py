"""Channels scaled before a network is quantised: the same floats, and less lost in integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgec_cases import Capture, run
import numpy as np
import pytest
from small_models import load_model, make_model, node

from edge_compiler.description.describe import Description
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.assign import assign
from edge_compiler.precision.calibrate import calibrate
from edge_compiler.precision.equalise import equalise
from edge_compiler.precision.judge import Judge
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import tensors
from edge_compiler.precision.session import Session

Array = np.ndarray[Any, Any]


def _quiet(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def _network(folder: Path) -> Graph:
    """
    Return layers between which some channels are a thousand times larger than others.

    After ``first`` come a depthwise layer and a dense one; ``fixed`` is read twice.
    """
    generator = np.random.default_rng(7)
    sizes = np.logspace(-1.5, 1.5, 8).astype(np.float32)

    def weights(*shape: int) -> Array:
        return generator.normal(0, 0.5, shape).astype(np.float32)

    nodes = [
        node("Conv", "x w1 b1", "first", pads=[1, 1, 1, 1]),
        node("Relu", "first", "positive"),
        node("Conv", "positive w2 b2", "depthwise", pads=[1, 1, 1, 1], group=8),
        node("LeakyRelu", "depthwise", "leaky", alpha=0.1),
        node("MaxPool", "leaky", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "pool w3", "fixed"),
        node("Conv", "fixed w4", "left"),
        node("Conv", "fixed w5", "right"),
        node("Add", "left right", "sum"),
    ]
    constants = {
        "w1": weights(8, 3, 3, 3) * sizes[:, None, None, None],
        "b1": weights(8) * sizes,
        "w2": weights(8, 1, 3, 3),
        "b2": weights(8) * sizes,
        "w3": weights(8, 8, 1, 1) / sizes[None, :, None, None],
        "w4": weights(4, 8, 1, 1),
        "w5": weights(4, 8, 1, 1),
    }
    inputs = generator.normal(0, 1, (12, 1, 3, 8, 8)).astype(np.float32)
    np.savez(folder / "x.npz", x=inputs)
    return load_model(make_model(nodes, {"x": [1, 3, 8, 8]}, constants), folder)


def test_equalised_channels_change_no_float_and_lose_less(tmp_path: Path) -> None:
    graph = _network(tmp_path)
    samples = tensors(tmp_path / "x.npz", graph)
    judge = Judge(graph, Description("net", ""), samples, None, _quiet)

    def decibels() -> float:
        ranges = calibrate(graph, samples, "minmax", _quiet)
        return judge.judge(Session(quantise(graph, ranges, assign(graph))).run).sqnr_db

    inputs = next(iter(samples))
    [before], noisy = Session(graph).run(inputs).values(), decibels()
    fixed = {v.name: v.constant for v in graph.constants() if v.name in ("w4", "w5")}
    assert set(equalise(graph)) == {
        node.name for node in list(graph.nodes)[:6] if node.op == "Conv"
    }
    [after] = Session(graph).run(inputs).values()
    np.testing.assert_array_equal(after, before)  # factors are powers of two
    assert decibels() > noisy + 6
    for value in graph.constants():
        assert value.name not in fixed or value.constant is fixed[value.name]
    assert equalise(graph) == []


@pytest.mark.parametrize("option", ["--equalise", "--reduce-range"])
def test_what_integers_have_belongs_to_them(tmp_path: Path, capsys: Capture, option: str) -> None:
    with pytest.raises(SystemExit):
        run("compile", tmp_path / "net.onnx", "-o", tmp_path / "net.edge", option)
    assert f"{option} needs --precision int8 or auto" in capsys.readouterr().err
