"""
What is lost with a channel: its share of what layers compute.

On samples that is a share of the variance of what the layers that read it sum up: what is constant
can be made good, see `absorb`. Without samples it is the share of its filter in the
squares of the weights of the layer that makes it (Li et al., "Pruning Filters for Efficient
ConvNets", 2017). Channels that stand and fall together lose the sum of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress
from edge_compiler.pruning.channels import Channels, Layer

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Moments:
    """
    What the channels of a tensor are like on samples.

    :ivar means: of each channel.
    :ivar variances: of each channel.
    :ivar covariances: of each with each; None: there are too many.
    """

    means: Array
    variances: Array
    covariances: Array | None


MOST_RELATED = 2048
"""Channels of a tensor of which each is related to each."""

Seen = Mapping[str, Moments]
"""By the name of the tensor."""


def look_at_channels(
    graph: Graph, channels: Channels, samples: Samples, progress: Progress
) -> Seen:
    """Return what the tensors that layers read are like."""
    read = {layer.node.input(0).name: _axis(layer) for layer in channels.layers if layer.inputs}
    session = Session(graph, read)
    sums: dict[str, Array] = {}
    squares: dict[str, Array] = {}
    for number, inputs in enumerate(samples):
        progress("looking at channels", number, len(samples))
        values = session.run(inputs)
        for name, axis in read.items():
            rows = np.moveaxis(values[name], axis, 0).reshape(values[name].shape[axis], -1)
            many = len(rows) > MOST_RELATED
            square = (rows**2).mean(1) if many else rows @ rows.T / np.float32(rows.shape[1])
            sums[name] = sums.get(name, 0.0) + rows.mean(1, dtype=np.float64) / len(samples)
            squares[name] = squares.get(name, 0.0) + square.astype(np.float64) / len(samples)
    return {name: _moments(sums[name], squares[name]) for name in read}


def _moments(means: Array, squares: Array) -> Moments:
    """Return the moments about the mean."""
    if squares.ndim == 1:
        return Moments(means, np.maximum(squares - means**2, 0), None)
    covariances = squares - np.outer(means, means)
    return Moments(means, np.maximum(np.diag(covariances), 0), covariances)


def _axis(layer: Layer) -> int:
    """Return the axis of the channels that a layer reads."""
    convolves = layer.node.op in ("Conv", "ConvTranspose")
    return 1 if convolves else len(layer.node.input(0).shape) - 1


def scores_of(channels: Channels, seen: Seen | None) -> Array:
    """
    Return what is lost with each group of channels, by the number of its first atom.

    :param seen: what samples are like; None: there are none.
    """
    scores = np.zeros(len(channels.groups))
    for layer in channels.layers:
        if seen is None:
            atoms, lost = layer.outputs, _squares(layer, layer.axis)
        elif layer.inputs is not None:
            variances = seen[layer.node.input(0).name].variances
            atoms, lost = layer.inputs.atoms, _squares(layer, layer.inputs.axis) * variances
        else:
            continue
        np.add.at(scores, channels.groups[atoms], lost / (lost.sum() or 1.0))
    return scores


def _squares(layer: Layer, axis: int) -> Array:
    """Return the sum of the squares of the weights at each index along an axis."""
    weights = layer.node.constant(1)
    assert weights is not None, "layers have constant weights"
    parts = np.moveaxis(weights.astype(np.float64), axis, 0)
    squares: Array = (parts.reshape(len(parts), -1) ** 2).sum(1)
    return squares
