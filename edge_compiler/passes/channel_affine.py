"""Turn what scales and shifts channels into ChannelAffine, and merge chains of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, new_constant
from edge_perception.runtime.dtypes import FLOAT32

Array = np.ndarray[Any, Any]
Affine = tuple[Value, Array, Array]
"""What is transformed, and the scale and shift of each channel in float64."""


@graph_pass("channel-affine")
def make_channel_affine(graph: Graph) -> Iterator[Decision]:
    """Turn BatchNormalization and Add, Sub, Mul, Div with constants into ChannelAffine."""
    for node in graph.nodes:
        affine = _batch_normalization(node) or _arithmetic(node)
        if affine is None:
            continue
        fits = node.op == "BatchNormalization" or len(node.output.shape) == 4
        if not (fits or _follows_gemm(graph, affine[0])):
            continue  # what else broadcasts is left as it is
        yield done(node, f"{node.op} scales and shifts each channel by constants")
        set_affine(node, *affine)


@graph_pass("merge-affine")
def merge_affine(graph: Graph) -> Iterator[Decision]:
    """Merge a ChannelAffine into the one before it."""
    for node in list(graph.nodes):
        if node.op != "ChannelAffine":
            continue
        before = graph.producer(node.input(0))
        if before is None or before.op != "ChannelAffine":
            continue
        if graph.sole_consumer(before.output) is not node:
            continue
        source, scale, shift = get_affine(before)
        _, scale_after, shift_after = get_affine(node)
        set_affine(before, source, scale * scale_after, shift * scale_after + shift_after)
        absorb(graph, before, node)
        yield done(before, f"takes over the scale and shift of '{node.name}'")


def get_affine(node: Node) -> Affine:
    """Return input, scale and shift of a ChannelAffine."""
    scale, shift = node.constant(1), node.constant(2)
    assert scale is not None
    assert shift is not None
    return node.input(0), scale.astype(np.float64), shift.astype(np.float64)


def set_affine(node: Node, source: Value, scale: Array, shift: Array) -> None:
    """Make a ChannelAffine of ``node``."""
    node.inputs = (
        source,
        new_constant(node, "scale", scale),
        new_constant(node, "shift", shift),
    )
    node.op, node.attributes = "ChannelAffine", {}


def cannot_take_affine(layer: Node) -> str | None:
    """Return why the weights and the bias of a layer can't take over what scales its channels."""
    if reason := ops.fault(layer):
        return reason
    if not ops.has_constant_weights(layer):
        return "its weights or its bias are computed"
    if layer.op in ("Conv", "ConvTranspose"):
        return None
    bias = layer.constant(2)
    if layer.attributes["transA"] or (
        bias is not None and bias.size > max(bias.shape[-1:], default=1)
    ):
        return "its rows are not the channels"
    return None


def _batch_normalization(node: Node) -> Affine | None:
    if node.op != "BatchNormalization" or node.attributes["training_mode"]:
        return None
    constants = [node.constant(index) for index in range(1, 5)]
    if any(constant is None for constant in constants):
        return None
    gamma, beta, mean, variance = (c.astype(np.float64) for c in constants if c is not None)
    with np.errstate(all="ignore"):  # what isn't a number then is refused
        scale = gamma / np.sqrt(variance + node.attributes["epsilon"])
    return node.input(0), scale, beta - mean * scale


def _arithmetic(node: Node) -> Affine | None:
    if node.op not in ("Add", "Sub", "Mul", "Div") or node.output.type != FLOAT32:
        return None
    left, right = node.input(0), node.input(1)
    data, constant = (right, left) if left.constant is not None else (left, right)
    if constant.constant is None or data.constant is not None or data.shape != node.output.shape:
        return None
    numbers = _per_channel(constant.constant, data.shape)
    if numbers is None:
        return None
    one, zero = np.ones_like(numbers), np.zeros_like(numbers)
    if node.op == "Add":
        return data, one, numbers
    if node.op == "Mul":
        return data, numbers, zero
    if node.op == "Sub":
        return (data, one, -numbers) if data is left else (data, -one, numbers)
    if data is left and np.all(numbers != 0):
        return data, 1 / numbers, zero
    return None


def _per_channel(array: Array, shape: tuple[int, ...]) -> Array | None:
    """Return the number for each channel if ``array`` broadcasts to ``shape`` in this way."""
    aligned = (1,) * (len(shape) - array.ndim) + array.shape
    if len(shape) < 2 or any(size != 1 for axis, size in enumerate(aligned) if axis != 1):
        return None
    if not np.isfinite(array).all():  # a mask, which is no shift: infinity less infinity is NaN
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), shape[1:2])


def _follows_gemm(graph: Graph, value: Value) -> bool:
    """Return whether a value that is no image comes from a Gemm, which takes over the affine."""
    producer = graph.producer(value)
    return (
        producer is not None
        and producer.op in ("Gemm", "ChannelAffine")
        and (producer.op != "Gemm" or cannot_take_affine(producer) is None)
        and graph.sole_consumer(value) is not None
    )
