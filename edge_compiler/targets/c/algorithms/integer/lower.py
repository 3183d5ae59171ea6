"""From a convolution or product of bytes to a step of qconv.h or one of those that use it."""

from __future__ import annotations

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms.integer.addition import Addition
from edge_compiler.targets.c.algorithms.integer.ends import Ends
from edge_compiler.targets.c.algorithms.integer.layer import ByteLayer, Pixels
from edge_compiler.targets.c.algorithms.integer.matrices import Matrices
from edge_compiler.targets.c.algorithms.integer.rounding import flip
from edge_compiler.targets.c.algorithms.integer.tiles import pack_bytes, products_per_word
from edge_compiler.targets.c.algorithms.integer.winograd import suits_winograd
from edge_compiler.targets.c.layer import spread_groups
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Pointer, reading, SCRATCH, writing
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, DENSE, image_shape
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required
from edge_compiler.targets.program.variants import AVX2, Variant
from edge_perception.runtime.dtypes import ELEMENT_TYPES
from edge_perception.runtime.manifest import CONVOLUTION

_MOST_PLANES, _MOST_COLUMNS = 4, 8
"""Of what qplanes.h takes: an image's channels; a kernel's columns, and those of a stride."""


def lower_convolution(low: Lowering, node: Node) -> None:
    """Add the step of a dense or grouped convolution."""
    geometry, w, starts = Geometry.of(node), as_planes(required(node, 1)), None
    if _suits_planes(low, node, geometry):
        _lower_planes(low, node, geometry, w)
        return
    source = low.source(node.input(0), BLOCKED)
    addition = None if suits_winograd(w, geometry) else Addition.after(low, node)
    target = low.target(addition.node.output if addition else node.output, BLOCKED)
    if node.attributes.get("group", 1) > 1:
        w, starts = spread_groups(w, source.channels)
    plain = geometry.kernel == geometry.stride == (1, 1) and not any(geometry.pads)

    def pixels(buffer: Buffer) -> Pixels:
        steps = (buffer.plane, buffer.row, BLOCK)
        if plain:  # one long row
            return Pixels(1, buffer.height * buffer.width, steps)
        return Pixels(buffer.height, buffer.width, steps)

    layer = ByteLayer(
        node,
        geometry,
        w.shape,
        Ends.of(low, node, w),
        source,
        target,
        pixels,
        starts,
        addition=addition,
    )
    _add(low, layer, w)


def _suits_planes(low: Lowering, node: Node, geometry: Geometry) -> bool:
    """Return whether qplanes.h suits a convolution: of one image with few channels, in planes."""
    image = node.input(0)
    few = image.shape[0] == 1 and image.shape[1] <= _MOST_PLANES and node.attributes["group"] == 1
    small = 1 < geometry.kernel[1] <= _MOST_COLUMNS >= geometry.stride[1]
    in_planes = low.is_free(image, DENSE) and not low.is_free(image, BLOCKED)
    return few and small and in_planes and geometry.dilation == (1, 1)


def _lower_planes(low: Lowering, node: Node, geometry: Geometry, w: Array) -> None:
    source, target = low.source(node.input(0), DENSE), low.target(node.output, BLOCKED)
    _, planes, height, width = image_shape(node.input(0).shape)

    def pixels(buffer: Buffer) -> Pixels:
        if buffer is source:
            return Pixels(height, width, (height * width, width, 1))
        return Pixels(buffer.height, buffer.width, (buffer.plane, buffer.row, BLOCK))

    windows = w.transpose(0, 2, 1, 3).reshape(len(w), -1, 1, 1)
    layer = ByteLayer(
        node,
        geometry,
        windows.shape,
        Ends.of(low, node, w),
        source,
        target,
        pixels,
        planes=planes,
    )
    _add(low, layer, windows)


def lower_product(low: Lowering, node: Node) -> None:
    """Add the step of rows times a constant matrix: a 1x1 convolution of a pixel a row."""
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    w = required(node, 1).T[:, :, None, None]
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))

    def pixels(buffer: Buffer) -> Pixels:
        length = buffer.shape[-1]
        return Pixels(1, buffer.channels // length, (BLOCK, 0, length))

    _add(low, ByteLayer(node, geometry, w.shape, Ends.of(low, node, w), source, target, pixels), w)


def as_planes(weights: Array) -> Array:
    """Return weights with a kernel of rows and columns; along a line there is one row."""
    return weights if weights.ndim == 4 else weights[:, :, None]


def _add(low: Lowering, layer: ByteLayer, w: Array) -> None:
    node, geometry = layer.node, layer.geometry
    packed = pack_bytes(w)
    block_weights = packed.shape[1]
    per_word = products_per_word(w, low.leading.signed_bytes)
    weights = low.weights.add(packed)
    low.reserve_scratch(layer.scratch_bytes)
    strips = None if low.leading.signed_bytes else layer.strips(block_weights, per_word, AVX2)
    if strips:
        low.reserve_scratch(strips.scratch_bytes)
    winograd, transformed = layer.winograd(w, low.leading), weights
    if winograd is not None:
        low.reserve_scratch(winograd.scratch_bytes)
        place = low.reserve_prepared((weights, w.shape), winograd.prepared_bytes)
        transformed = Pointer.to("m->prepared", place, ELEMENT_TYPES["int16"])
    matrices, reordered = Matrices(w.shape), weights
    if low.leading.byte_matrices:
        place = low.reserve_prepared((weights, matrices), matrices.prepared_bytes)
        reordered = Pointer.to("m->prepared", place, ELEMENT_TYPES["int8"])

    def call(variant: Variant) -> Call:
        image, result = reading(layer.source), writing(layer.target)
        others = [data.pointer() for data in layer.ends.operands]
        if winograd is not None and winograd.pays(variant):
            fields = {"in_flip": flip(node.input(0)), **winograd.fields(variant)}
            sizes = {n: size for n, size in layer.sizes().items() if not n.endswith("_pixel")}
            pointers = (image, transformed, *others, result, SCRATCH)
            sizes |= winograd.sizes(variant)
            return Call("qwinograd_run", "qwinograd", fields, pointers, sizes)
        turned = variant.byte_matrices
        each = matrices.block_weights if turned else block_weights
        fields, sizes = layer.direct(each, per_word, variant)
        operands = (image, reordered if turned else weights, *others)
        kernel = layer.ends.kernels[bool(layer.planes)]
        if strips and variant.byte_strips:
            kernel, fields, sizes = "qstrip_run", fields | strips.fields(), sizes | strips.sizes()
        if layer.planes:
            return Call(kernel, "qconv", fields, (*operands, result, SCRATCH), sizes)
        added = reading(layer.addition.other) if layer.addition else image
        return Call(kernel, "qconv", fields, (*operands, added, result, SCRATCH), sizes)

    def prepare(variant: Variant) -> Call | None:
        if winograd is not None and winograd.pays(variant):
            return winograd.prepare(block_weights, weights, transformed)
        if not variant.byte_matrices:
            return None
        return matrices.prepare(block_weights, weights, reordered)

    kind = "product" if "MatMul" in node.op else f"{'grouped ' if layer.starts else ''}{geometry}"
    how = "Winograd " if winograd is not None and winograd.pays(low.leading) else ""
    addition = layer.addition
    whole = addition.of(node) if addition else node
    low.add(
        whole,
        f"int8 {how}{kind}{', Add' if addition else ''}",
        [
            layer.source,
            *(buffer for data in layer.ends.operands for buffer in data.reads),
            *([addition.other] if addition else []),
        ],
        layer.target,
        call,
        value=whole.output,
        group=CONVOLUTION,
        prepare=prepare,
        macs=ops.macs(node),
        weight_bytes=packed.nbytes,
    )
