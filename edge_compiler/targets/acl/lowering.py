"""From nodes placed on Arm Compute Library to steps of the program."""

from __future__ import annotations

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.acl.record import Image, NONE, Op, Record
from edge_compiler.targets.acl.requests import Request
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK, CHANNELS_LAST, DENSE, has_sides, Layout
from edge_compiler.targets.program.lowering import Lowering, Rule
from edge_compiler.targets.program.nodes import starts
from edge_compiler.targets.program.program import BackendRecord
from edge_compiler.targets.program.views import concat_channels
from edge_perception.runtime.manifest import CONVOLUTION, OTHER, POOL

BACKEND = "acl"
_GROUPS = {
    Op.MAX_POOL: POOL,
    Op.AVERAGE_POOL: POOL,
    Op.GLOBAL_AVERAGE_POOL: POOL,
    Op.SOFTMAX: POOL,
    Op.ADD: OTHER,
    Op.MUL: OTHER,
}
"""Of Step.group; all other functions are convolutions and activations."""


def rule_for(request: Request) -> Rule:
    """Return the rule that lowers a node to the function that was asked for."""

    def lower(low: Lowering, node: Node) -> None:
        sources = [low.source(value, _layout(value)) for value in request.sources]
        target = low.target(node.output, _layout(node.output))
        weights = NONE if request.weights is None else low.originals.place(request.weights)
        bias = NONE if request.bias is None else low.weights.place(request.bias)

        def image(value: Value, buffer: Buffer) -> Image:
            return request.image(value, buffer.origin, buffer.block if has_sides(value) else 0)

        def record(index: int) -> Record:
            pairs = zip(request.sources, sources, strict=True)
            return request.record(
                [image(value, buffer) for value, buffer in pairs],
                image(node.output, target),
                step=index,
                weights=weights,
                bias=bias,
            )

        low.add(
            node,
            request.kernel,
            sources,
            target,
            BackendRecord(BACKEND, record),
            value=node.output,
            group=_GROUPS.get(request.op, CONVOLUTION),
            macs=request.macs,
            weight_bytes=0 if request.weights is None else request.weights.nbytes,
        )

    return lower


def _layout(value: Value) -> Layout:
    return CHANNELS_LAST if has_sides(value) else DENSE


def lower_concat(low: Lowering, node: Node) -> None:
    """Let the inputs be computed in their place among the output's channels."""
    values = [value for value in node.inputs if value is not None]
    sources = [low.source(value, CHANNELS_LAST) for value in values]
    target = low.target(node.output, CHANNELS_LAST)
    concat_channels(low, node, sources, target, _unit(node.output))


def lower_split(low: Lowering, node: Node) -> None:
    """Show channels of the input under other names."""
    source = low.source(node.input(0), CHANNELS_LAST)
    for output, start in zip(node.outputs, starts(node.outputs, 1), strict=True):
        low.target(output, CHANNELS_LAST).place_in(source, start)


def _unit(value: Value) -> int:
    """Return where parts may begin: one pixel may be read as a dense value, by vectors."""
    return BLOCK if value.shape[2:] == (1, 1) else 1
