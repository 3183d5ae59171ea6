"""Reductions over any axes, and running sums."""

from __future__ import annotations

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.axis import along
from edge_compiler.targets.c.rules.table import INTEGERS, lowers
from edge_compiler.targets.program.boxes import copy_box
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import DENSE, merge_axes, row_major
from edge_compiler.targets.program.limits import require_axes, require_constant
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import FLOAT32, INT32, INT64
from edge_perception.runtime.manifest import POOL

_OF_INTEGERS = {
    "ReduceSum": "REDUCE_SUM",
    "ReduceMax": "REDUCE_MAX",
    "ReduceMin": "REDUCE_MIN",
    "ReduceProd": "REDUCE_PROD",
}
_REDUCTIONS = {
    **_OF_INTEGERS,
    "ReduceMean": "REDUCE_MEAN",
    "ReduceL1": "REDUCE_L1",
    "ReduceL2": "REDUCE_L2",
    "ReduceSumSquare": "REDUCE_SUM_SQUARE",
    "ReduceLogSum": "REDUCE_LOG_SUM",
    "ReduceLogSumExp": "REDUCE_LOG_SUM_EXP",
}


def _axes(node: Node) -> list[int]:
    """Return the axes that are reduced, in order; those of one element make no difference."""
    shape, data = node.input(0).shape, node.constant(1)
    if data is not None and data.size:
        axes = sorted(int(axis) % len(shape) for axis in data.ravel())
    else:
        axes = [] if node.attributes["noop_with_empty_axes"] else list(range(len(shape)))
    return [axis for axis in axes if shape[axis] > 1]


def _are_neighbours(node: Node, axes: list[int]) -> bool:
    between = range(axes[0], axes[-1] + 1) if axes else ()
    return all(axis in axes or node.input(0).shape[axis] == 1 for axis in between)


def _in_order(node: Node, axes: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return shape and steps of the input with the axes that are reduced behind all others."""
    shape, steps = node.input(0).shape, row_major(node.input(0).shape)
    order = [axis for axis in range(len(shape)) if axis not in axes] + axes
    return tuple(shape[axis] for axis in order), tuple(steps[axis] for axis in order)


def check_reduction(node: Node) -> str | None:
    """Mean, sum, extreme, product, norm or logarithm of a sum, over any axes."""
    if reason := require_constant(node, 1):
        return reason
    if not _are_neighbours(node, axes := _axes(node)):
        shape, steps = _in_order(node, axes)
        merged, _ = merge_axes(shape, steps, row_major(shape))
        return require_axes(f"the axes {axes} and others change", len(merged))
    return None


@lowers(*_REDUCTIONS, check=check_reduction)
@lowers(*_OF_INTEGERS, check=check_reduction, types=INTEGERS)
def lower_reduction(low: Lowering, node: Node) -> None:
    """Reduce neighbouring axes of a row-major value, which it is copied for if they are none."""
    value, axes = node.input(0), _axes(node)
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    extent = along(value.shape, axes[0], axes[-1] + 1) if axes else (1, 1, value.size)
    if not _are_neighbours(node, axes):
        shape, steps = _in_order(node, axes)
        turned = Buffer(f"{node.output.name}/turned", shape, DENSE, value.type)
        copy_box(low, node, None, shape, (source, (steps, 0)), (turned, (row_major(shape), 0)))
        source, extent = turned, (node.output.size, value.size // node.output.size, 1)
    fields: dict[str, Field] = {"along": extent, "how": _REDUCTIONS[node.op]}
    kernel = "reduce_run" if value.type == FLOAT32 else f"reduce_{c_type(value.type)}"

    def call(_: object) -> Call:
        return Call(kernel, "reduce", fields, (reading(source), writing(target)))

    low.add(node, node.op, [source], target, call, value=node.output, group=POOL)


def check_cumulative_sum(node: Node) -> str | None:
    """Add up elements along a constant axis."""
    return require_constant(node, 1)


@lowers("CumSum", check=check_cumulative_sum, types=(FLOAT32, INT32, INT64))
def lower_cumulative_sum(low: Lowering, node: Node) -> None:
    """Add up the elements along an axis up to each of them."""
    value, data = node.input(0), node.constant(1)
    axis = 0 if data is None else int(data.item()) % len(value.shape)
    source, target = low.source(value, DENSE), low.target(node.output, DENSE)
    fields: dict[str, Field] = {
        "along": along(value.shape, axis, axis + 1),
        "exclusive": node.attributes["exclusive"],
        "backwards": node.attributes["reverse"],
    }

    def call(_: object) -> Call:
        kernel = f"reduce_running_{c_type(value.type)}"
        return Call(kernel, "running_sum", fields, (reading(source), writing(target)))

    low.add(node, "running sum", [source], target, call, value=node.output)
