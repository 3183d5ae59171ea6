"""Models of operators on images: convolutions, pools, Resize."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
from operator_builder import (
    Builder,
    CHANNELS,
    DEEP,
    DEEPER,
    EDGES,
    HEIGHT,
    IMAGE,
    MIXED,
    WIDTH,
)


def convolutions() -> onnx.ModelProto:
    """Every kind of convolution, alone; Winograd's and Strassen's need more channels."""
    b = Builder(
        x=IMAGE,
        rgb=(1, 3, HEIGHT, WIDTH),
        deep=DEEP,
        deeper=DEEPER,
        wide=(1, 240, 4, 5),
        tiny=(1, 3, 2, 3),
        half=(1, 32, 24, 24),
        full=(1, 64, 24, 24),
        many=MIXED,
    )
    b.conv("pointwise", 24, 1)
    b.conv("strided", 18, 3, strides=[2, 2], pads=[1, 1, 1, 1])
    b.conv("dilated", 17, 3, dilations=[2, 2], pads=[2, 0, 1, 2])
    b.conv("first", 16, 5, "rgb", strides=[2, 1], pads=[2, 2, 2, 2])
    b.conv("winograd", 48, 3, "deep", pads=[1, 1, 1, 1])
    b.conv("winograd_large", 560, 3, "deeper", pads=[1, 1, 1, 1])
    b.conv("long_sum", 16, 3, "wide", strides=[2, 2])
    b.conv("depthwise", CHANNELS, 3, group=CHANNELS, pads=[1, 1, 1, 1])
    b.conv("multiplier", 2 * CHANNELS, 3, group=CHANNELS, pads=[1, 1, 1, 1])
    b.conv("grouped", 40, 3, group=4, pads=[1, 1, 1, 1])
    b.transposed("transposed", 17, 4, strides=[2, 2], **EDGES)
    spread = {"strides": [3, 2], "dilations": [2, 3], "pads": [2, 1, 0, 3]}
    b.transposed("transposed_dilated", 24, 3, group=2, output_padding=[2, 0], **spread)
    b.transposed("transposed_depthwise", CHANNELS, 3, group=CHANNELS, strides=[2, 2], **EDGES)
    b.transposed("transposed_gaps", 18, 2, strides=[3, 3])
    b.transposed("transposed_few", 3, 4, strides=[2, 2], **EDGES)
    b.transposed("transposed_far", 3, 18, "tiny", group=3, strides=[9, 9])
    b.transposed("windows", 37, 2, strides=[2, 2])
    b.transposed("windows_few", 3, 3, strides=[3, 3])
    for name, outputs, value in (("of_half", 128, "half"), ("of_full", 64, "full")):
        w = b.constant(np.full((outputs, b.inputs[value][1], 3, 3), 0.05))  # of the same bytes
        b.add(f"winograd_{name}", "Conv", f"{value} {w}", **EDGES)
    b.conv("strassen", 160, 1, "many")
    b.conv("strassen_strided", 150, 1, "full", strides=[3, 2], pads=[1, 0, 0, 1])
    w = b.constant((b.numbers(192, 192, 1, 1) * 0.1).astype(np.float16).astype(np.float32))
    b.add("strassen_half", "Conv", f"many {w}")
    return b.model()


def lines() -> onnx.ModelProto:
    """Collect what networks of one dimension have: lines of pixels, images with one row."""
    b = Builder(x=(2, CHANNELS, 37), s=(1, 3, 50))
    w, first = b.constant(b.numbers(24, CHANNELS, 3) * 0.2), b.constant(b.numbers(16, 3, 9) * 0.2)
    b.inner.add(b.add("line_conv", "Conv", f"x {w} {b.constant(b.numbers(24))}", pads=[1, 1]))
    b.add("line_tanh", "Tanh", "line_conv")
    b.add("line_shifted", "Add", f"line_conv {b.constant(b.numbers(24, 1))}")
    b.add("line_joined", "Concat", "line_conv x", axis=1)
    b.add("line_first", "Conv", f"s {first}", strides=[3], dilations=[2], pads=[2, 0])
    b.transposed("line_transposed", 18, 4, strides=[2], pads=[1, 1])
    b.transposed("line_few", 1, 8, strides=[4], pads=[2, 2])
    b.transposed("line_windows", 30, 4, strides=[4])
    b.transposed("line_windows_few", 2, 3, strides=[3])
    b.add("line_pool", "MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1])
    b.add("line_average", "AveragePool", kernel_shape=[4], strides=[2], ceil_mode=1)
    b.add("line_mean", "GlobalAveragePool")
    b.add("line_weighed", "Mul", "line_conv line_tanh")
    norm = [b.constant(b.numbers(CHANNELS)) for _ in range(2)]
    b.add("line_norm", "InstanceNormalization", " ".join(["x", *norm]), epsilon=1e-3)
    return b.model()


def volumes() -> onnx.ModelProto:
    """Collect what networks of three dimensions have: their slices are images."""
    b = Builder(x=(1, 6, 5, 7, 6))
    w, grouped = b.constant(b.numbers(18, 6, 3, 3, 2) * 0.1), b.constant(b.numbers(18, 3, 3, 1, 2))
    edges = {"pads": [1, 1, 0, 2, 1, 1]}
    bias = b.constant(b.numbers(18))
    b.add("volume_conv", "Conv", f"x {w} {bias}", strides=[2, 1, 1], dilations=[1, 2, 1], **edges)
    b.add("volume_grouped", "Conv", f"x {grouped}", group=2, dilations=[2, 1, 1])
    window = {"kernel_shape": [2, 3, 2], "strides": [2, 1, 2], "pads": [1, 1, 0, 0, 1, 1]}
    b.add("volume_max", "MaxPool", **window)
    b.add("volume_average", "AveragePool", **window)
    b.add("volume_mean", "GlobalAveragePool")
    return b.model()


def windows() -> onnx.ModelProto:
    """Pools, normalisations and resizes."""
    b = Builder(x=IMAGE)
    plain = {"kernel_shape": [2, 2], "strides": [2, 2]}
    edges = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    b.add("max_pool", "MaxPool", **plain)
    b.add("max_pool_edges", "MaxPool", **edges)
    b.add("max_pool_dilated", "MaxPool", kernel_shape=[2, 3], dilations=[2, 2])
    b.add("average_pool", "AveragePool", **plain)
    b.add("average_pool_edges", "AveragePool", **edges)
    b.add("average_pool_pad", "AveragePool", **edges, count_include_pad=1)
    b.add("global_average", "GlobalAveragePool")
    b.add("reduce_mean", "ReduceMean", f"x {b.constant([2, 3])}", keepdims=1)
    b.add("softmax_channels", "Softmax", axis=1)
    b.add("softmax_row", "Softmax", axis=-1)
    b.add("lrn", "LRN", size=5, alpha=0.1)
    b.add("lrn_powers", "LRN", size=3, alpha=0.2, beta=0.6, bias=2.0)
    scales = b.constant(np.array([1, 1, 2, 1.5], np.float32))
    b.add("nearest", "Resize", f"x - {scales}", mode="nearest")
    b.add("linear", "Resize", f"x - {scales}", mode="linear")
    sizes = b.constant([14, 20])
    for policy in ("not_larger", "not_smaller"):
        kept = {"keep_aspect_ratio_policy": policy, "axes": [2, 3]}
        b.add(f"linear_{policy}", "Resize", f"x - - {sizes}", mode="linear", **kept)
    sides = b.constant([14, 7])
    b.add("cubic", "Resize", f"x - - {sides}", mode="cubic", axes=[2, 3])
    fewer = b.constant([4, 7])
    b.add("shrunk", "Resize", f"x - - {fewer}", mode="linear", antialias=1, axes=[2, 3])
    part = b.constant(np.array([0.2, -0.3, 0.8, 1.1], np.float32))
    crop: dict[str, Any] = {"coordinate_transformation_mode": "tf_crop_and_resize", "axes": [2, 3]}
    crop |= {"mode": "linear", "extrapolation_value": 2.5}
    b.add("cropped", "Resize", f"x {part} - {sides}", **crop)
    grid = b.constant(b.numbers(1, 6, 7, 2, low=-1.3, high=1.3))
    for mode, padding, align in (
        ("linear", "zeros", 0),
        ("linear", "border", 1),
        ("nearest", "zeros", 1),
        ("cubic", "reflection", 0),
    ):
        how = {"mode": mode, "padding_mode": padding, "align_corners": align}
        b.add(f"sampled_{mode}_{padding}", "GridSample", f"x {grid}", **how)
    regions = np.array([[1, 1, 7, 6], [-2, 3, 12.5, 8], [5, 5, 5.2, 5.1]], np.float32)
    places = f"{b.constant(regions)} {b.constant([0, 0, 0])}"
    bins = {"output_height": 3, "output_width": 4}
    b.add("regions", "RoiAlign", f"x {places}", spatial_scale=0.9, **bins)
    old = {"coordinate_transformation_mode": "output_half_pixel", "sampling_ratio": 2}
    b.add("regions_old", "RoiAlign", f"x {places}", **bins, **old)
    norm = [b.constant(b.numbers(CHANNELS)) for _ in range(2)]
    b.add("instance_norm", "InstanceNormalization", " ".join(["x", *norm]), epsilon=1e-3)
    b.add("global_max", "GlobalMaxPool")
    b.add("lp_pool", "LpPool", **edges, strides=[2, 1])
    b.add("lp_norm", "LpNormalization", axis=1)
    nearly_half = b.constant(np.array([1, 1, 2.3, 2.3], np.float32))
    rounding = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "ceil"}
    b.add("nearest_rounded", "Resize", f"x - {nearly_half}", mode="nearest", **rounding)
    same = b.constant(np.array([1, 1, 1.05, 1.05], np.float32))
    b.add("same_size", "Resize", f"x - {same}", mode="linear")
    return b.model()


def batches() -> onnx.ModelProto:
    """Several images at once, for all that networks of convolutions have."""
    size = (3, CHANNELS, HEIGHT, WIDTH)
    b = Builder(x=size, rgb=(2, 3, HEIGHT, WIDTH), deep=(2, *DEEP[1:]), one=IMAGE)
    b.conv("images_first", 16, 5, "rgb", strides=[2, 1], pads=[2, 2, 2, 2])
    b.conv("images_winograd", 48, 3, "deep", **EDGES)
    b.conv("images_depthwise", CHANNELS, 3, group=CHANNELS, **EDGES)
    conv = b.conv("images_conv", CHANNELS, 3, dilations=[2, 2], pads=[2, 2, 2, 2])
    b.inner |= {conv, b.add("images_sum", "Add", f"{conv} x")}
    b.add("images_residual", "Relu", "images_sum")
    b.add("images_pool", "MaxPool", kernel_shape=[3, 3], **EDGES)
    b.add("images_mean", "GlobalAveragePool")
    b.add("images_scaled", "Mul", "x images_mean")
    b.add("images_and_one", "Add", "x one")
    b.add("images_and_numbers", "Sub", f"x {b.constant(b.numbers(3, CHANNELS, 1, 1))}")
    b.add("images_joined", "Concat", "x x", axis=1)
    b.add("images_behind", "Concat", "x one", axis=0)
    b.add("images_softmax", "Softmax", axis=1)
    b.add("images_lrn", "LRN", size=3, alpha=0.1)
    scales = b.constant(np.array([1, 1, 2, 1.5], np.float32))
    b.add("images_resized", "Resize", f"x - {scales}", mode="linear")
    b.inner.add(b.add("images_flat", "Flatten", "images_mean"))
    b.add("images_layer", "Gemm", f"images_flat {b.constant(b.numbers(CHANNELS, 7))}")
    return b.model()


def halves() -> onnx.ModelProto:
    """
    Layers of all kinds with weights that float16 has, so that libraries keep them in it.

    What they multiply may be rounded to bfloat16.
    """
    b = Builder(
        x=IMAGE,
        rgb=(1, 3, HEIGHT, WIDTH),
        deep=DEEP,
        deeper=DEEPER,
        large=(1, 32, 24, 24),
        deepest=(1, 184, 3, 5),
        line=(1, 90),
        q=(3, 17, 24),
    )
    b.conv("half_strided", 18, 3, strides=[2, 2], **EDGES)
    b.conv("half_first", 16, 5, "rgb", strides=[2, 1], pads=[2, 2, 2, 2])
    b.conv("half_pointwise", 37, 1)
    b.conv("half_deep", 16, 1, "deepest")
    b.conv("half_dilated", 17, 3, dilations=[2, 2], pads=[2, 0, 1, 2])
    b.conv("half_planes", 16, 7, "rgb", strides=[2, 2], pads=[3, 3, 3, 3])
    b.conv("half_grouped", 40, 3, group=4, **EDGES)
    b.conv("half_winograd", 48, 3, "deep", **EDGES)
    b.conv("half_winograd_4", 48, 3, "large", **EDGES)
    b.conv("half_winograd_large", 560, 3, "deeper", **EDGES)
    for name, size in (("half_phases", 2), ("half_phases_large", 5)):
        weights = b.constant(b.numbers(32, 4, size, size) * 0.1)
        edges = {"pads": [2] * 4, "output_padding": [1, 1]} if size == 5 else {}
        b.add(name, "ConvTranspose", f"large {weights}", strides=[2, 2], **edges)
    b.add("half_row", "MatMul", f"line {b.constant(b.numbers(90, 35) * 0.1)}")
    b.add("half_rows", "MatMul", f"q {b.constant(b.numbers(24, 33))}")
    b.constants = {
        name: array.astype(np.float16).astype(np.float32) for name, array in b.constants.items()
    }
    model = b.model()
    model.metadata_props.add(key="edge.precision", value='"half"')
    layers = {node.name: 0 for node in model.graph.node if node.op_type == "Conv"} | {
        "half_pointwise": -3,
        "half_winograd_4": -2,
    }
    model.metadata_props.add(key="edge.float16", value=json.dumps({"exponents": layers}))
    return model


def chain() -> onnx.ModelProto:
    """Layers behind each other, that use the same memory in turn."""
    b = Builder(x=IMAGE)
    first = b.conv("first", CHANNELS, 3, "x", **EDGES)
    b.conv("second", CHANNELS, 3, first, **EDGES, group=CHANNELS)
    b.inner.add(first)
    return b.model()
