"""Norms whose factors are computed, or that say more than their result."""

from __future__ import annotations

import numpy as np

from edge_compiler.frontend.writer import Writer


def _column(w: Writer, name: str) -> str:
    """Write a number for each channel as what broadcasts to the first input."""
    return w.add("Reshape", name, w.integers([-1, *[1] * (len(w.value(0).shape) - 2)]))


def write_instance_normalization(w: Writer) -> str | None:
    """Write the normalisation of channels with computed factors as one without any."""
    if w.is_fixed(1, 2):
        return None
    channels = w.value(0).shape[1]
    one, zero = (w.constant(np.full(channels, number, np.float32)) for number in (1, 0))
    kept = {name: value for name, value in w.attributes.items() if name == "epsilon"}
    normal = w.add("InstanceNormalization", w.inputs[0], one, zero, **kept)
    scale, shift = (_column(w, name) for name in w.inputs[1:])
    return w.add("Add", w.add("Mul", normal, scale), shift)


def write_batch_normalization(w: Writer) -> str | None:
    """Write the normalisation by computed means and variances."""
    if w.is_fixed(1, 2, 3, 4) or w.attributes.get("training_mode") or len(w.value(0).shape) < 2:
        return None
    scale, shift, mean, variance = (_column(w, name) for name in w.inputs[1:])
    epsilon = w.constant(np.float32(w.attributes.get("epsilon", 1e-5)))
    deviation = w.add("Sqrt", w.add("Add", variance, epsilon))
    factor = w.add("Div", scale, deviation)
    centred = w.add("Sub", w.inputs[0], mean)
    return w.add("Add", w.add("Mul", centred, factor), shift)


def write_layer_normalization(w: Writer) -> tuple[str, ...] | None:
    """Write a layer's normalisation that yields mean and inverse deviation, too."""
    if w.outputs == 1:
        return None
    rank, axis = len(w.value(0).shape), w.attributes.get("axis", -1)
    axes = w.integers(range(axis % rank, rank))
    epsilon = w.constant(np.float32(w.attributes.get("epsilon", 1e-5)))
    mean = w.add("ReduceMean", w.inputs[0], axes)
    centred = w.add("Sub", w.inputs[0], mean)
    variance = w.add("ReduceMean", w.add("Mul", centred, centred), axes)
    inverse = w.add("Reciprocal", w.add("Sqrt", w.add("Add", variance, epsilon)))
    normal = w.add("LayerNormalization", *w.inputs, **w.attributes)
    return (normal, mean, inverse)[: w.outputs]
