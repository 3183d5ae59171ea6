"""From nodes placed on Arm Compute Library to steps of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.acl.record import Image, NONE, Op, Record
from edge_compiler.targets.acl.requests import Request
from edge_compiler.targets.c.rules.shape import concat_channels, starts
from edge_compiler.targets.program.buffers import BLOCK, Buffer
from edge_compiler.targets.program.lowering import is_image, Lowering, Rule
from edge_compiler.targets.program.program import Program, Step

BACKEND = "acl"


@dataclass(kw_only=True)
class AclStep(Step):
    """
    A step that the library runs.

    :ivar record: returns its record, once all buffers have their place.
    """

    record: Callable[[int], Record]


def rule_for(request: Request) -> Rule:
    """Return the rule that lowers a node to the function that was asked for."""

    def lower(low: Lowering, node: Node) -> None:
        sources = [_stored(low, value) for value in request.sources]
        target = low.new_channels_last(node.output) if is_image(node.output) else None
        target = target or low.new_dense(node.output)
        weights = NONE if request.weights is None else low.originals.place(request.weights)
        bias = NONE if request.bias is None else low.weights.place(request.bias)

        def image(value: Value, buffer: Buffer) -> Image:
            return request.image(value, buffer.origin, buffer.block if is_image(value) else 0)

        def record(index: int) -> Record:
            pairs = zip(request.sources, sources, strict=True)
            return request.record(
                [image(value, buffer) for value, buffer in pairs],
                image(node.output, target),
                step=index,
                weights=weights,
                bias=bias,
            )

        floats = sum(v.size for v in (*request.sources, node.output))
        weight_floats = 0 if request.weights is None else request.weights.size
        low.steps.append(
            AclStep(
                name=node.name,
                kernel=request.kernel,
                nodes=node.origins,
                value=node.output,
                reads=sources,
                output=target,
                call=None,
                macs=request.macs,
                traffic=floats + weight_floats,
                weight_floats=weight_floats,
                backend=BACKEND,
                record=record,
            )
        )

    return lower


def _stored(low: Lowering, value: Value) -> Buffer:
    return low.channels_last(value) if is_image(value) else low.dense(value)


def lower_concat(low: Lowering, node: Node) -> None:
    """Let the inputs be computed in their place among the output's channels."""
    values = [value for value in node.inputs if value is not None]
    sources, target = [low.channels_last(v) for v in values], low.new_channels_last(node.output)
    concat_channels(low, node, sources, target, _unit(node.output))


def lower_split(low: Lowering, node: Node) -> None:
    """Show channels of the input under other names."""
    source = low.channels_last(node.input(0))
    for output, start in zip(node.outputs, starts(node.outputs, 1), strict=True):
        low.new_channels_last(output).place_in(source, start)


def _unit(value: Value) -> int:
    """Return where parts may begin: one pixel may be read as a dense value, by vectors."""
    return BLOCK if value.shape[2:] == (1, 1) else 1


def node_table(program: Program) -> str:
    """Return the text of acl_nodes.c: the records of all steps that the library runs."""
    steps = enumerate(program.steps)
    records = [step.record(index) for index, step in steps if isinstance(step, AclStep)]
    rows = "".join(f"    {record.to_c()},\n" for record in records)
    ops = (op.name for op in Op if any(record.op is op for record in records))
    operators = "".join(f"    [EDGE_ACL_{op}] = &edge_acl_op_{op.lower()},\n" for op in ops)
    return (
        '#include <math.h>\n\n#include "acl/node.h"\n\n'
        f"const edge_acl_operator *const edge_acl_operators[EDGE_ACL_OPS] = {{\n{operators}}};\n"
        f"const edge_acl_node edge_acl_nodes[] = {{\n{rows}}};\n"
        f"const uint32_t edge_acl_node_count = {len(records)};\n"
    )
