"""Caffe's layers on numbers, one by one or a channel at once, as ONNX's operators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import math
from typing import Any

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.caffe.net import Layer, Rule
from edge_compiler.frontends.ranked import RankedBuilder


def _normalise(
    graph: RankedBuilder, layer: Layer, arrays: Sequence[Array], epsilon: float
) -> None:
    graph.normalise(layer.bottoms[0], layer.name, layer.tops[0], arrays, epsilon)


def _batch_norm(graph: RankedBuilder, layer: Layer) -> None:
    # sums over the batches that were seen in training, and how many they are
    count = layer.weights(2, 1)[0]
    factor = 0.0 if count == 0 else 1 / count
    mean, variance = layer.weights(0, -1) * factor, layer.weights(1, -1) * factor
    arrays = (np.ones_like(mean), np.zeros_like(mean), mean, variance)
    _normalise(graph, layer, arrays, layer.message.batch_norm_param.eps)


def _scale(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.scale_param
    if len(layer.bottoms) == 2:
        _scale_by_input(graph, layer)
        return
    _check_channels(layer, p)
    scale = layer.weights(0, -1)
    bias = layer.weights(1, scale.size) if p.bias_term else np.zeros_like(scale)
    _normalise(graph, layer, (scale, bias, np.zeros_like(scale), np.ones_like(scale)), 0.0)


def _bias(graph: RankedBuilder, layer: Layer) -> None:
    _check_channels(layer, layer.message.bias_param)
    bias = layer.weights(0, -1)
    one, zero = np.ones_like(bias), np.zeros_like(bias)
    _normalise(graph, layer, (one, bias, zero, one), 0.0)


def _check_channels(layer: Layer, p: Any) -> None:
    if len(layer.bottoms) != 1 or (p.axis, p.num_axes) != (1, 1):
        raise ValueError(
            f"the layer '{layer.name}' ({layer.type}) has {len(layer.bottoms)} inputs, axis "
            f"{p.axis} and {p.num_axes} axes; known is one number a channel: axis 1 of one input"
        )


def _scale_by_input(graph: RankedBuilder, layer: Layer) -> None:
    """Scale an image by a number a channel that was computed, as squeeze-and-excitation does."""
    x, gate = layer.bottoms
    if layer.message.scale_param.axis != 0 or graph.ranks[layer.bottoms[0]] != 4:
        raise ValueError(f"the layer '{layer.name}' scales by an input along an axis but 0")
    if graph.ranks[gate] == 2:
        gate = graph.reshape(gate, f"{layer.name}/gate", 0, 0, 1, 1)
    graph.add("Mul", [x, gate], layer.tops[0])


def _relu(graph: RankedBuilder, layer: Layer) -> None:
    slope = layer.message.relu_param.negative_slope
    if slope:
        graph.add("LeakyRelu", list(layer.bottoms), layer.tops[0], alpha=slope)
    else:
        graph.add("Relu", list(layer.bottoms), layer.tops[0])


def _prelu(graph: RankedBuilder, layer: Layer) -> None:
    graph.prelu(layer.bottoms[0], layer.name, layer.tops[0], layer.weights(0, -1))


def _unary(graph: RankedBuilder, layer: Layer, op: str) -> None:
    for top in layer.tops:
        graph.add(op, [layer.bottoms[0]], top)


def _elu(graph: RankedBuilder, layer: Layer) -> None:
    alpha = layer.message.elu_param.alpha
    graph.add("Elu", [layer.bottoms[0]], layer.tops[0], alpha=alpha)


def _linear(graph: RankedBuilder, layer: Layer, scale: float, shift: float) -> str:
    """Return x * scale + shift."""
    x, name = layer.bottoms[0], layer.name
    if scale != 1:
        x = graph.add("Mul", [x, graph.number(f"{name}/scale", scale)], f"{name}/scaled")
    if shift != 0:
        x = graph.add("Add", [x, graph.number(f"{name}/shift", shift)], f"{name}/shifted")
    return x


def _power(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.power_param
    exponent = graph.number(f"{layer.name}/exponent", p.power)
    graph.add("Pow", [_linear(graph, layer, p.scale, p.shift), exponent], layer.tops[0])


def _exp(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.exp_param
    base = 1.0 if p.base == -1 else math.log(p.base)
    x = _linear(graph, layer, base * p.scale, base * p.shift)
    graph.add("Exp", [x], layer.tops[0])


def _log(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.log_param
    x = graph.add("Log", [_linear(graph, layer, p.scale, p.shift)], f"{layer.name}/log")
    base = 1.0 if p.base == -1 else math.log(p.base)
    graph.add("Div", [x, graph.number(f"{layer.name}/base", base)], layer.tops[0])


def _eltwise(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.eltwise_param
    op = {0: "Mul", 1: "Add", 2: "Max"}[p.operation]
    inputs = list(layer.bottoms)
    if p.coeff and op == "Add":
        if len(p.coeff) != len(inputs):
            raise ValueError(
                f"the layer '{layer.name}' has {len(inputs)} inputs and {len(p.coeff)} factors"
            )
        inputs = [
            graph.add("Mul", [x, graph.number(f"{layer.name}/coeff{i}", c)], f"{layer.name}/{i}")
            for i, (x, c) in enumerate(zip(inputs, p.coeff, strict=True))
        ]
    x, last = inputs[0], len(inputs) - 1
    for index, other in enumerate(inputs[1:], start=1):
        x = graph.add(op, [x, other], layer.tops[0] if index == last else f"{layer.name}/{index}n")


def _softmax(graph: RankedBuilder, layer: Layer) -> None:
    axis = layer.message.softmax_param.axis
    graph.add("Softmax", [layer.bottoms[0]], layer.tops[0], axis=axis)


def _mvn(graph: RankedBuilder, layer: Layer) -> None:
    """Subtract the mean of each image's channels, and divide by their deviation + eps."""
    p, name = layer.message.mvn_param, layer.name
    axes = list(range(1 if p.across_channels else 2, graph.ranks[layer.bottoms[0]]))
    x, (top,) = layer.bottoms[0], layer.tops
    mean = graph.add("ReduceMean", [x], f"{name}/mean", axes=axes)
    if not p.normalize_variance:
        graph.add("Sub", [x, mean], top)
        return
    centred = graph.add("Sub", [x, mean], f"{name}/centred")
    squares = graph.add("Mul", [centred, centred], f"{name}/squares")
    variance = graph.add("ReduceMean", [squares], f"{name}/variance", axes=axes)
    deviation = graph.add("Sqrt", [variance], f"{name}/deviation")
    limited = graph.add("Add", [deviation, graph.number(f"{name}/eps", p.eps)], f"{name}/limited")
    graph.add("Div", [centred, limited], top)


def _normalize(graph: RankedBuilder, layer: Layer) -> None:
    """Divide by the length of what each place has (Liu et al., "ParseNet", 2015), and scale."""
    p, name = layer.message.norm_param, layer.name
    axes = list(range(1, graph.ranks[layer.bottoms[0]])) if p.across_spatial else [1]
    x = layer.bottoms[0]
    unit = graph.unit(x, name, f"{name}/unit", axes, p.eps)
    scale = layer.weights(0, 1) if p.channel_shared else layer.weights(0, -1, 1, 1)
    graph.add("Mul", [unit, graph.constant(f"{name}/scale", scale)], layer.tops[0])


RULES: dict[str, Rule] = {
    "AbsVal": partial(_unary, op="Abs"),
    "BatchNorm": _batch_norm,
    "Bias": _bias,
    "BNLL": partial(_unary, op="Softplus"),
    "Dropout": partial(_unary, op="Identity"),
    "Eltwise": _eltwise,
    "ELU": _elu,
    "Exp": _exp,
    "Log": _log,
    "MVN": _mvn,
    "Normalize": _normalize,
    "Power": _power,
    "PReLU": _prelu,
    "ReLU": _relu,
    "Scale": _scale,
    "Sigmoid": partial(_unary, op="Sigmoid"),
    "Softmax": _softmax,
    "Split": partial(_unary, op="Identity"),
    "TanH": partial(_unary, op="Tanh"),
}
"""By the type of the layer."""
