"""
What is left takes over from what goes: each removed channel is nearly a sum of the others.

The factors of that sum follow from the channels' covariances on samples (linear regression), and
go into the weights of the layers that read them; what is constant goes into their biases, of which
the border gets a little too much where a convolution pads with zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.pruning.channels import Channels, Layer
from edge_compiler.pruning.score import Seen

Array = np.ndarray[Any, Any]

_ABLE = ("Conv", "Gemm")
"""Layers with a bias that reaches each output as often as each weight does."""
_RIDGE = 1e-3
"""Of the mean variance, added to each: factors of what is alike stay small."""


def absorb(
    layer: Layer, channels: Channels, removed: Array, seen: Seen
) -> tuple[Array, Array] | None:
    """
    Return weights and bias of a layer with what removed input channels were, for all channels.

    :param removed: whether a group is, by the number of its first atom.
    :returns: None if the layer has nothing to take over, or can't.
    """
    node, inputs = layer.node, layer.inputs
    if inputs is None or node.op not in _ABLE:
        return None
    gone = ~channels.kept(inputs.atoms, removed)
    weights, old = node.constant(1), node.constant(2)
    assert weights is not None, "layers have constant weights"
    count = len(layer.outputs)
    if not gone.any() or (old is not None and old.size not in (1, count)):
        return None
    factor = 1.0
    if node.op == "Gemm":
        if not node.attributes["beta"]:
            return None
        factor = node.attributes["alpha"] / node.attributes["beta"]
    moments = seen[node.input(0).name]
    # (inputs, outputs, taps), whatever the order in the file
    parts = np.moveaxis(weights.astype(np.float64), inputs.axis, 0).copy()
    shifts = moments.means[gone]
    if moments.covariances is not None:
        known = moments.covariances[np.ix_(~gone, ~gone)]
        known += np.eye(len(known)) * (_RIDGE * np.trace(known) / max(len(known), 1) + 1e-12)
        shares = np.linalg.solve(known, moments.covariances[np.ix_(~gone, gone)])
        parts[~gone] += np.tensordot(shares, parts[gone], 1)
        shifts = shifts - moments.means[~gone] @ shares
    lost = np.tensordot(shifts, parts[gone], 1)
    bias = factor * lost.reshape(count, -1).sum(1) + (0.0 if old is None else old.reshape(-1))
    return np.moveaxis(parts, 0, inputs.axis).astype(np.float32), bias.astype(np.float32)
