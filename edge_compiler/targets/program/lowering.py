"""From a graph to a program: each node's rule chooses layouts and kernels and adds steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import math
from types import MappingProxyType

from edge_compiler.collector import collector_paused
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.image import image_layout
from edge_compiler.targets.program.buffers import aligned, Buffer
from edge_compiler.targets.program.calls import Call, writing
from edge_compiler.targets.program.layout import (
    CHANNELS_LAST,
    DENSE,
    image_size,
    Layout,
)
from edge_compiler.targets.program.memory import Lifetime, plan
from edge_compiler.targets.program.program import (
    BackendRecord,
    Choice,
    KernelCall,
    nothing,
    Program,
    Step,
    Weights,
)
from edge_compiler.targets.program.reorder import channel_copy, strided_fields
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import OTHER

Rule = Callable[["Lowering", Node], None]
"""Adds the steps that compute a node."""


class Lowering:
    """
    The program under construction.

    A value may exist in several layouts. Rules ask for the one that their kernel reads; a step
    that converts is inserted when the value is there in another one only. A graph input takes the
    layout in which it is asked for first. The steps of a value may be deferred until it is asked
    for: a rule that can do with what it is made of doesn't ask.
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
        self._buffers: dict[Value, dict[Layout, Buffer]] = {}
        self._deferred: dict[Value, Callable[[], None]] = {}

    # what rules read

    def source(self, value: Value, layout: Layout) -> Buffer:
        """Return the buffer that holds a value in a layout."""
        self._catch_up(value)
        buffers = self._buffers.setdefault(value, {})
        if layout not in buffers:
            if self.is_free(value, layout):
                self.target(value, layout)
            else:
                self._convert(value, layout)
        return buffers[layout]

    def is_free(self, value: Value, layout: Layout) -> bool:
        """Return whether a value is there in a layout already, or is so without a copy."""
        if self.is_deferred(value):
            return layout is DENSE
        buffers = self._buffers.get(value)
        if buffers:
            return layout in buffers
        is_there = not layout.is_image or image_layout(value.shape) == "NCHW"
        return value in self.graph.inputs and is_there

    def is_deferred(self, value: Value) -> bool:
        """Return whether nobody has asked yet for a value that is not computed before."""
        return value in self._deferred

    def is_input(self, buffer: Buffer) -> bool:
        """Return whether a buffer is filled before the first step."""
        given = (value for value in self.graph.inputs if self._buffers.get(value))
        return any(buffer is self._stored(value) for value in given)

    # what rules write

    def target(self, value: Value, layout: Layout) -> Buffer:
        """Make the buffer in which a step will store ``value`` in a layout."""
        buffer = Buffer(value.name, value.shape, layout, value.type)
        self._buffers.setdefault(value, {})[layout] = buffer
        return buffer

    def defer(self, value: Value, compute: Callable[[], None]) -> None:
        """Add the steps that compute a row-major value when it is asked for first."""
        self._deferred[value] = compute

    def share(self, value: Value, other: Value) -> None:
        """Let ``value`` be another name of ``other``."""
        if not self._buffers.get(other):
            self.source(other, DENSE)
        self._buffers[value] = self._buffers[other]

    def share_elements(self, value: Value, other: Value) -> None:
        """Let ``value`` be the elements of ``other``, in row-major order, under another shape."""
        self.target(value, DENSE).place_in(self.source(other, DENSE), 0)

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
        prepare: Callable[[Variant], Call | None] = nothing,
        macs: int = 0,
        weight_bytes: int = 0,
        choose: Callable[[Variant], Choice] | None = None,
        rounds: str = "",
    ) -> None:
        """
        Append a step that computes ``node`` (a part of it, if ``value`` is None).

        :param kernel: what runs it, for people.
        :param call: makes the call of our kernel, once all buffers have their place; or what
            another back end is told.
        :param prepare: makes the call that is run once at create, if there is one.
        :param choose: tells which of several kernels was chosen.
        :param rounds: what instruction sets with products of 16 bits round.
        """
        moved = sum(math.prod(b.shape) * b.type.bytes for b in (*reads, output))
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
                rounds=rounds,
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

    def _catch_up(self, value: Value) -> None:
        if value in self._deferred:
            self._deferred.pop(value)()

    def _convert(self, value: Value, layout: Layout) -> None:
        """Add a step that copies a value into another layout, unless it lies so already."""
        source = self._stored(value)
        if source.layout is layout:
            return
        pixels = layout is DENSE and source.layout is CHANNELS_LAST
        if pixels and source.is_dense and source.is_aligned:
            self.target(value, DENSE).place_in(source, 0)
            return
        target = self.target(value, layout)
        sides = len(value.shape) in (3, 4)  # of images, and what else is stored as they are
        extent = image_size(value.shape) if sides else (value.size, 1, 1)
        node = Node("Reorder", f"{value.name}/reorder", [value], [value])
        self.add(
            node,
            f"to {layout}",
            [source],
            target,
            lambda _: channel_copy(source, target, extent),
        )

    def _stored(self, value: Value) -> Buffer:
        """
        Return the buffer that holds a value first; a graph input becomes row-major.

        Kernels have their weights packed. A constant in a place where few networks have one, such
        as the image that a grid samples, is copied into the arena in each run.
        """
        self._catch_up(value)
        if not self._buffers.get(value):
            if value.constant is not None:
                return self._copy_constant(value)
            if value not in self.graph.inputs:
                raise AssertionError(f"{value.name} is read before it is computed")
            self.target(value, DENSE)
        return next(iter(self._buffers[value].values()))

    # the end

    def finish(self) -> Program:
        """Plan the memory and return the program."""
        outputs = [(value, self._stored(value)) for value in self.graph.outputs]
        inputs = [(value, self._stored(value)) for value in self.graph.inputs]
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

    def _copy_constant(self, value: Value) -> Buffer:
        """Copy a constant into the arena; a graph may have outputs that are, too."""
        assert value.constant is not None
        data, target = self.weights.add(value.constant), self.target(value, DENSE)
        node = Node("Constant", value.name, [], [value])
        fields = strided_fields(value.type, (value.size,), (1,), (1,))
        self.add(
            node,
            "constant",
            [],
            target,
            lambda _: Call("copy_strided_run", "strided_copy", fields, (data, writing(target))),
            value=value,
        )
        return target


@collector_paused()
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
