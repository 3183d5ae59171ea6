"""Caffe's layers that look at windows, or at everything, as ONNX's operators."""

from __future__ import annotations

from functools import partial
from typing import Any

from edge_compiler.frontends.caffe.net import Layer, Rule
from edge_compiler.frontends.ranked import RankedBuilder


def _pair(message: Any, name: str, short: str, default: int) -> list[int]:
    """Return a size of rows and of columns, which is one field, or two that are named so."""
    if message.HasField(f"{short}_h") or message.HasField(f"{short}_w"):
        return [getattr(message, f"{short}_h"), getattr(message, f"{short}_w")]
    value = getattr(message, name)
    sizes = [value] if isinstance(value, int) else list(value)
    if len(sizes) > 2:
        raise ValueError(f"{name} has {len(sizes)} numbers, only images are known: 1 or 2")
    return (sizes or [default]) * (2 // max(len(sizes), 1))


def _convolution(graph: RankedBuilder, layer: Layer, transposed: bool) -> None:
    p = layer.message.convolution_param
    kernel = _pair(p, "kernel_size", "kernel", 0)
    group = max(p.group, 1)
    if transposed:
        weights = layer.weights(0, -1, p.num_output // group, *kernel)
    else:
        weights = layer.weights(0, p.num_output, -1, *kernel)
    (top,) = layer.tops
    inputs = [layer.bottoms[0], graph.constant(f"{layer.name}/weight", weights)]
    if p.bias_term:
        bias = layer.weights(1, p.num_output)
        inputs.append(graph.constant(f"{layer.name}/bias", bias))
    graph.add(
        "ConvTranspose" if transposed else "Conv",
        inputs,
        top,
        kernel_shape=kernel,
        strides=_pair(p, "stride", "stride", 1),
        pads=_pair(p, "pad", "pad", 0) * 2,
        dilations=(list(p.dilation) or [1]) * (2 // max(len(p.dilation), 1)),
        group=group,
    )


def _pooling(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.pooling_param
    names = {0: "MaxPool", 1: "AveragePool"}
    if p.pool not in names:
        raise ValueError(f"the layer '{layer.name}' pools by chance, which only training does")
    op, x, (top,) = names[p.pool], layer.bottoms[0], layer.tops
    if p.global_pooling:
        graph.add(f"Global{op}", [x], top)
        return
    # a window counts the padding that it covers, but not what lies behind the padding
    extra = {"count_include_pad": 1} if op == "AveragePool" else {}
    graph.add(
        op,
        [x],
        top,
        kernel_shape=_pair(p, "kernel_size", "kernel", 0),
        strides=_pair(p, "stride", "stride", 1),
        pads=_pair(p, "pad", "pad", 0) * 2,
        ceil_mode=int(p.round_mode == 0),
        **extra,
    )


def _inner_product(graph: RankedBuilder, layer: Layer) -> int:
    p = layer.message.inner_product_param
    if p.axis != 1:
        raise ValueError(f"the layer '{layer.name}' begins at axis {p.axis}; only 1 is known")
    flat = graph.add("Flatten", [layer.bottoms[0]], f"{layer.name}/flat", axis=1)
    shape = (-1, p.num_output) if p.transpose else (p.num_output, -1)
    inputs = [flat, graph.constant(f"{layer.name}/weight", layer.weights(0, *shape))]
    if p.bias_term:
        inputs.append(graph.constant(f"{layer.name}/bias", layer.weights(1, p.num_output)))
    graph.add("Gemm", inputs, layer.tops[0], transB=int(not p.transpose))
    return 2


def _lrn(graph: RankedBuilder, layer: Layer) -> None:
    p = layer.message.lrn_param
    if p.norm_region != 0:
        raise ValueError(
            f"the layer '{layer.name}' normalises within channels, which ONNX's LRN doesn't: "
            "only ACROSS_CHANNELS is known"
        )
    values = {"size": p.local_size, "alpha": p.alpha, "beta": p.beta, "bias": p.k}
    graph.add("LRN", [layer.bottoms[0]], layer.tops[0], **values)


RULES: dict[str, Rule] = {
    "Convolution": partial(_convolution, transposed=False),
    "Deconvolution": partial(_convolution, transposed=True),
    "InnerProduct": _inner_product,
    "LRN": _lrn,
    "Pooling": _pooling,
}
"""By the type of the layer."""
