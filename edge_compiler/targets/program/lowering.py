"""From a graph to a program: each node's rule chooses layouts and kernels and adds steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.image import image_layout
from edge_compiler.targets.program.buffers import aligned, BLOCK, Buffer
from edge_compiler.targets.program.memory import Lifetime, plan
from edge_compiler.targets.program.program import (
    BackendRecord,
    Call,
    Choice,
    Field,
    KernelCall,
    Program,
    reading,
    Step,
    Table,
    Weights,
    writing,
)
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import OTHER

Rule = Callable[["Lowering", Node], None]
"""Adds the steps that compute a node."""


def is_image(value: Value) -> bool:
    """Return whether a value can be stored blocked: one image, channels first."""
    return len(value.shape) == 4 and value.shape[0] == 1


def image_size(value: Value) -> tuple[int, int, int]:
    """Return channels, height and width of an image."""
    _, channels, height, width = value.shape
    return channels, height, width


class Lowering:
    """
    The program under construction.

    A value may exist in several layouts: dense, and for images blocked or with the channels last.
    Rules ask for the one that their kernel reads; a step that converts is inserted when the value
    is there in another one only.
    A graph input takes the layout in which it is asked for first.
    """

    def __init__(self, graph: Graph, leading: Variant, reasons: Mapping[str, str]) -> None:
        """
        Begin with no steps.

        :param leading: the instruction set that decides on what all of them have in common.
        :param reasons: why a node runs on its back end, by the node's name.
        """
        self.graph = graph
        self.leading = leading
        self._reasons = reasons
        self.steps: list[Step] = []
        self.weights = Weights("m->weights")
        self.originals = Weights("m->originals")
        self.scratch = 0
        self.prepared = 0
        self._prepared: dict[object, int] = {}
        self._blocked: dict[Value, Buffer] = {}
        self._dense: dict[Value, Buffer] = {}
        self._planar: dict[Value, Buffer] = {}
        self._channels_last: dict[Value, Buffer] = {}
        self._inputs: dict[Value, Buffer] = {}

    # what rules read

    def blocked(self, value: Value) -> Buffer:
        """Return the buffer that holds an image in blocks of 16 channels."""
        if value not in self._blocked:
            buffer = Buffer(value.name, *image_size(value), BLOCK, value.type)
            if self._may_choose(value) and image_layout(value.shape) == "NCHW":
                self._inputs[value] = self._blocked[value] = buffer
            else:
                self._convert(value, buffer, self._blocked, "to blocks")
        return self._blocked[value]

    def planar(self, value: Value) -> Buffer | None:
        """Return a graph input as separate planes, for a first layer; None if it isn't one."""
        if self._may_choose(value) and image_layout(value.shape) == "NCHW":
            self._inputs[value] = self._planar[value] = Buffer(
                value.name, *image_size(value), 1, value.type
            )
        return self._planar.get(value)

    def channels_last(self, value: Value) -> Buffer:
        """Return the buffer that holds an image with all channels of a pixel side by side."""
        if value not in self._channels_last:
            buffer = _channels_last(value)
            if self._may_choose(value) and image_layout(value.shape) == "NCHW":
                self._inputs[value] = self._channels_last[value] = buffer
            else:
                self._convert(value, buffer, self._channels_last, "to channels last")
        return self._channels_last[value]

    def dense(self, value: Value) -> Buffer:
        """Return the buffer that holds a value in row-major order."""
        last = self._channels_last.get(value)
        if last is not None and last.is_dense and last.is_aligned:
            self._dense.setdefault(value, last)
        if value not in self._dense:
            buffer = Buffer(value.name, value.size, 1, 1, 1, value.type)
            if self._may_choose(value):
                self._inputs[value] = self._dense[value] = buffer
            else:
                self._convert(value, buffer, self._dense, "to row-major")
        return self._dense[value]

    def is_blocked(self, value: Value) -> bool:
        """Return whether a value is there in blocks already, or may become so for free."""
        return value in self._blocked or (
            self._may_choose(value) and image_layout(value.shape) == "NCHW"
        )

    def _may_choose(self, value: Value) -> bool:
        """Return whether a value is a graph input whose layout is still open."""
        return value in self.graph.inputs and value not in self._inputs

    def is_input(self, buffer: Buffer) -> bool:
        """Return whether a buffer is filled before the first step."""
        return any(buffer is given for given in self._inputs.values())

    def holds(self, value: Value, buffer: Buffer) -> bool:
        """Return whether ``value`` is stored in ``buffer``."""
        layouts = (self._dense, self._blocked, self._channels_last)
        return any(layout.get(value) is buffer for layout in layouts)

    # what rules write

    def new_blocked(self, value: Value) -> Buffer:
        """Make the buffer in which a step will store ``value`` blocked."""
        self._blocked[value] = Buffer(value.name, *image_size(value), BLOCK, value.type)
        return self._blocked[value]

    def new_channels_last(self, value: Value) -> Buffer:
        """Make the buffer in which a step will store ``value`` with its channels last."""
        self._channels_last[value] = _channels_last(value)
        return self._channels_last[value]

    def new_dense(self, value: Value) -> Buffer:
        """Make the buffer in which a step will store ``value`` densely."""
        self._dense[value] = Buffer(value.name, value.size, 1, 1, 1, value.type)
        return self._dense[value]

    def share(self, value: Value, other: Value) -> None:
        """Let ``value`` be another name of ``other``."""
        for layout in (self._blocked, self._channels_last):
            if other in layout:
                layout[value] = layout[other]
                return
        self._dense[value] = self.dense(other)

    def share_dense(self, value: Value, buffer: Buffer) -> None:
        """Let ``value`` be the elements of ``buffer`` under another shape."""
        self._dense[value] = buffer

    def share_channels(self, value: Value, parent: Buffer, first_channel: int) -> None:
        """Let ``value`` be the channels of ``parent`` from ``first_channel`` on."""
        self.new_blocked(value).place_in(parent, first_channel)

    def add(
        self,
        node: Node,
        kernel: str,
        reads: list[Buffer],
        output: Buffer,
        call: Callable[[Variant], Call] | BackendRecord,
        *,
        value: Value | None = None,
        group: str = OTHER,
        prepare: Call | None = None,
        macs: int = 0,
        weight_bytes: int = 0,
        choose: Callable[[Variant], Choice] | None = None,
    ) -> None:
        """
        Append a step that computes ``node`` (a part of it, if ``value`` is None).

        :param kernel: what runs it, for people.
        :param call: makes the call of our kernel, once all buffers have their place; or what
            another back end is told.
        :param prepare: the call that is run once at create.
        :param choose: tells which of several kernels was chosen.
        """
        moved = sum(b.channels * b.height * b.width * b.type.bytes for b in (*reads, output))
        self.steps.append(
            Step(
                node.name,
                kernel,
                node.origins,
                value,
                reads,
                output,
                call if isinstance(call, BackendRecord) else KernelCall(call, prepare, choose),
                group=group,
                macs=macs,
                traffic=moved + weight_bytes,
                weight_bytes=weight_bytes,
                reason=self._reasons.get(node.name, ""),
            )
        )

    def reserve_scratch(self, size: int) -> None:
        """Ask for so many bytes that are private to each thread."""
        self.scratch = max(self.scratch, size)

    def reserve_prepared(self, content: object, size: int) -> int:
        """Ask for bytes that are filled at create, once for equal content; return their place."""
        if content not in self._prepared:
            self._prepared[content] = self.prepared
            self.prepared += aligned(size)
        return self._prepared[content]

    def _convert(
        self, value: Value, target: Buffer, layouts: dict[Value, Buffer], kernel: str
    ) -> None:
        """Add a step that copies ``value`` into ``target``'s layout."""
        if value.constant is not None:
            raise AssertionError(f"constant {value.name} must be packed, not stored in the arena")
        if self._may_choose(value):
            self.dense(value)
        source = self._stored(value)
        layouts[value] = target
        shape = image_size(value) if is_image(value) else (value.size, 1, 1)
        node = Node("Reorder", f"{value.name}/reorder", [value], [value])
        self.add(node, kernel, [source], target, lambda _: channel_copy(source, target, shape))

    def _stored(self, value: Value) -> Buffer:
        """Return a buffer that holds a value."""
        for layout in (self._inputs, self._blocked, self._channels_last, self._dense):
            if value in layout:
                return layout[value]
        raise AssertionError(f"{value.name} is read before it is computed")

    # the end

    def finish(self) -> Program:
        """Plan the memory and return the program."""
        for value in self.graph.inputs:
            if value not in self._inputs:
                self.dense(value)
        outputs = [(value, self._output(value)) for value in self.graph.outputs]
        inputs = [(value, self._inputs[value]) for value in self.graph.inputs]
        lives: dict[Buffer, Lifetime] = {}

        def touch(buffer: Buffer, step: int) -> None:
            life = lives.setdefault(buffer.root, Lifetime(buffer.root, step, step))
            life.first, life.last = min(life.first, step), max(life.last, step)

        for _, buffer in inputs:
            touch(buffer, -1)
        for index, step in enumerate(self.steps):
            for buffer in (*step.reads, step.output):
                touch(buffer, index)
        for _, buffer in outputs:
            touch(buffer, len(self.steps))
        arena = plan(lives.values())
        return Program(
            self.steps,
            inputs,
            outputs,
            self.weights,
            self.originals,
            self.leading,
            arena,
            self.scratch,
            self.prepared,
            lifetimes=list(lives.values()),
        )

    def _output(self, value: Value) -> Buffer:
        if value.constant is not None:
            return self._constant_output(value)
        return self._stored(value)

    def _constant_output(self, value: Value) -> Buffer:
        """Copy a constant into the arena, for a graph whose output doesn't depend on its input."""
        assert value.constant is not None
        data, target = self.weights.add(value.constant), self.new_dense(value)
        node = Node("Constant", value.name, [], [value])
        fields = strided_fields((value.size,), (1,), (1,))
        self.add(
            node,
            "constant",
            [],
            target,
            lambda _: Call("strided_copy_run", "strided_copy", fields, (data, writing(target))),
            value=value,
        )
        return target


def _channels_last(value: Value) -> Buffer:
    channels, height, width = image_size(value)
    return Buffer(value.name, channels, height, width, channels, value.type)


def channel_copy(
    source: Buffer,
    target: Buffer,
    shape: tuple[int, int, int],
    out_channel: int = 0,
    order: np.ndarray[tuple[int], np.dtype[np.uint16]] | None = None,
) -> Call:
    """Return the call that copies an image's channels from one layout to another."""
    if order is None and out_channel % BLOCK == 0 and source.block >= BLOCK <= target.block:
        if source.block == target.block == BLOCK:
            return _block_copy(source, target, out_channel)
        return _run_copy(source, target, shape, out_channel)
    fields = _copy_fields(source, target, shape, out_channel) | {
        "out_channel": out_channel,
        "source": None if order is None else Table("uint16_t", tuple(map(str, order))),
    }
    return Call("channel_copy_run", "channel_copy", fields, (reading(source), writing(target)))


def _block_copy(source: Buffer, target: Buffer, out_channel: int) -> Call:
    """Return the call that copies whole blocks of channels."""
    fields: dict[str, Field] = {
        "blocks": source.blocks,
        "height": source.height,
        "floats": source.width * BLOCK,
        "in": (source.plane, source.row),
        "out": (target.plane, target.row),
    }
    to = writing(target).plus(out_channel // BLOCK * target.plane)
    return Call("block_copy_run", "block_copy", fields, (reading(source), to))


def _run_copy(
    source: Buffer, target: Buffer, shape: tuple[int, int, int], out_channel: int
) -> Call:
    """Return the call that copies between blocks and channels last: runs of a block's channels."""
    fields = _copy_fields(source, target, shape, out_channel)
    run = target.plane if target.block == BLOCK else BLOCK
    to = writing(target).plus(out_channel // BLOCK * run)
    return Call("run_copy_run", "run_copy", fields, (reading(source), to))


def _copy_fields(
    source: Buffer, target: Buffer, shape: tuple[int, int, int], out_channel: int
) -> dict[str, Field]:
    """Return what both kernels that change the layout of channels are told."""
    channels, height, width = shape
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "in": _layout(source, shape),
        "out": _layout(target, (target.channels, height, width)),
        "clear_lanes": _unused_lanes(target, out_channel + channels),
    }


def _unused_lanes(target: Buffer, end: int) -> int:
    """Return how many lanes of a blocked image lie behind its last channel, if ``end`` is that."""
    return -end % BLOCK if target.block == BLOCK and end == target.channels else 0


def _layout(buffer: Buffer, shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Return (lanes, plane, row) of an image in a buffer that may be dense and without a shape."""
    _, height, width = shape
    if (buffer.height, buffer.width) != (height, width):
        return (1, height * width, width)
    return (buffer.block, buffer.plane, buffer.row)


def strided_fields(
    shape: tuple[int, ...], in_strides: tuple[int, ...], out_strides: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    """Return the configuration of ``strided_copy``, extended to its fixed rank."""
    missing = 6 - len(shape)
    return {
        "shape": (1,) * missing + tuple(shape),
        "in": (0,) * missing + tuple(in_strides),
        "out": (0,) * missing + tuple(out_strides),
    }


def lower(
    graph: Graph,
    leading: Variant,
    rule_of: Callable[[Node], Rule],
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """
    Lower every node by its rule and plan the memory.

    :param leading: the instruction set that decides on what all of them have in common.
    :param reasons: why a node runs on its back end, by the node's name.
    """
    lowering = Lowering(graph, leading, reasons)
    for node in graph.nodes:
        rule_of(node)(lowering, node)
    return lowering.finish()
