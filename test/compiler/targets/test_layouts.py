"""Layouts: where values lie, and that no conversion between them is in vain."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from small_models import Array, load_model, make_model, node, weights

from bench.networks import NETWORKS
from edge_compiler.passes import optimise
from edge_compiler.targets.c.cost import Estimated
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.program.buffers import ALIGNMENT, Buffer
from edge_compiler.targets.program.layout import (
    BLOCKED,
    CHANNELS_LAST,
    DENSE,
    Layout,
    merge_axes,
    repeated,
)
from edge_compiler.targets.program.program import Program
from edge_compiler.targets.program.variants import BASELINE

BLOCKS_ONLY = {"Conv", "MaxPool", "AveragePool", "GlobalAveragePool"}
"""Operators whose kernels write blocks only."""
ROW_MAJOR_ONLY = {"Reshape", "Flatten"}
"""A Transpose between images and their channels is itself a conversion."""


def lowered(model: onnx.ModelProto, folder: Path) -> tuple[Program, dict[str, set[str]]]:
    """Return the program of a model, and who writes and reads each conversion's value."""
    graph = load_model(model, folder)
    optimise(graph)
    program = lower_all(graph, Estimated.of(BASELINE, graph))
    around = {}
    for value in (value for n in graph.nodes for value in n.outputs):
        producer = graph.producer(value)
        nodes = [*([producer] if producer else []), *graph.consumers(value)]
        around[f"{value.name}/reorder"] = {n.op for n in nodes}
    return program, around


@pytest.mark.parametrize("network", NETWORKS)
def test_no_conversion_of_the_benchmark_could_be_saved(network: str, tmp_path: Path) -> None:
    program, around = lowered(NETWORKS[network](), tmp_path)
    conversions = [around[step.name] for step in program.steps if step.name in around]
    for operators in conversions:
        assert operators & BLOCKS_ONLY
        assert operators & ROW_MAJOR_ONLY
        assert operators <= BLOCKS_ONLY | ROW_MAJOR_ONLY


def test_arithmetic_stays_in_the_layout_of_its_operands(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "a"),
        node("Add", "a a", "b"),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Mul", "c c", "d"),
        node("Tanh", "d", "y"),
    ]
    constants: dict[str, Array] = {"w": weights(4, 3, 1, 1)}
    program, _ = lowered(make_model(nodes, {"x": [1, 3, 5, 5]}, constants), tmp_path)
    layouts = [step.output.layout.name for step in program.steps]
    assert layouts == ["blocks", "blocks", "row-major", "row-major"]
    assert [step.kernel for step in program.steps[2:]] == ["to channels last", "Mul"]


@pytest.mark.parametrize(
    ("layout", "block", "plane", "image"),
    [(BLOCKED, 16, 7 * 5 * 16, 2 * 7 * 5 * 16), (CHANNELS_LAST, 20, 7 * 5 * 20, 7 * 5 * 20)],
)
def test_strides_of_images(layout: Layout, block: int, plane: int, image: int) -> None:
    buffer = Buffer("x", (3, 20, 7, 5), layout)
    assert (buffer.block, buffer.plane, buffer.image) == (block, plane, image)
    assert 0 <= buffer.bytes - 3 * image * 4 < ALIGNMENT


def test_a_view_shows_elements_under_another_shape() -> None:
    whole, view = Buffer("x", (4, 6)), Buffer("y", (2, 12), DENSE)
    view.place_in(whole, 0)
    whole.offset = 64
    assert (view.root, view.origin, view.shape) == (whole, 64, (2, 12))


def test_axes_that_go_on_in_equal_steps_are_one() -> None:
    full = (2, 3, 1, 4)
    steps = repeated((2, 3, 1, 4), full), repeated((4,), full)
    assert merge_axes(full, *steps) == ((6, 4), [(4, 1), (0, 1)])
    assert merge_axes((5, 7), (7, 1), (7, 1)) == ((35,), [(1,), (1,)])
    assert merge_axes((1, 1), (1, 1)) == ((), [()])
