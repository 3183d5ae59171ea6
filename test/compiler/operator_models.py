"""Small models that together use every operator and kernel, each operator on the input itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from small_models import Array, make_model, node, run, with_output_types

from edge_compiler import targets
from edge_compiler.description import Description
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_perception.runtime.manifest import Model

FLOAT, BOOL = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
INT8, UINT8, INT16 = onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT16
INT32, INT64 = onnx.TensorProto.INT32, onnx.TensorProto.INT64

CHANNELS, HEIGHT, WIDTH = 20, 9, 11
"""The channels do not fill their last block; the sides fit no tile."""

IMAGE = (1, CHANNELS, HEIGHT, WIDTH)
MANY = (1, 37, HEIGHT, WIDTH)
PICTURE = (1, 3, HEIGHT, 40)
DEEP = (1, 40, 12, 13)
"""Channels enough for Winograd's way."""
DEEPER = (1, 120, 5, 7)
"""With some hundred output channels, too many weights to keep them transformed."""

LINE = 2100
"""Long enough for a sum in several parts."""


class Builder:
    """Collects nodes; each is named like its output, and every output is one of the model."""

    def __init__(self, types: dict[str, int] | None = None, **inputs: tuple[int, ...]) -> None:
        self.inputs, self.types = inputs, types or {}
        self._random = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.inner: set[str] = set()

    def numbers(self, *shape: int, low: float = -1, high: float = 1) -> Array:
        return self._random.uniform(low, high, shape).astype(np.float32)

    def constant(self, array: Array | list[int] | float) -> str:
        name = f"constant{len(self.constants)}"
        data = np.asarray(array)
        self.constants[name] = data.astype(np.float32) if data.dtype == np.float64 else data
        return name

    def add(self, name: str, op: str, inputs: str = "x", **attributes: Any) -> str:
        """Add a node; several outputs are separated by spaces."""
        self.nodes.append(node(op, inputs, name, name=name.split()[0], **attributes))
        return name

    def conv(
        self, name: str, outputs: int, kernel: int = 3, value: str = "x", **attributes: Any
    ) -> str:
        """Add a convolution with bias whose results are about as large as what it reads."""
        group = attributes.get("group", 1)
        channels = self.inputs.get(value, IMAGE)[1] // group
        scale = (channels * kernel * kernel) ** -0.5
        w = self.constant(self.numbers(outputs, channels, kernel, kernel, low=-2, high=2) * scale)
        b = self.constant(self.numbers(outputs))
        return self.add(name, "Conv", f"{value} {w} {b}", **attributes)

    def transposed(self, name: str, outputs: int, kernel: int, **attributes: Any) -> str:
        """Add a transposed convolution of x with bias."""
        channels, group = self.inputs["x"][1], attributes.get("group", 1)
        w = self.numbers(channels, outputs // group, *[kernel] * (len(self.inputs["x"]) - 2))
        scaled = self.constant(w * (channels / group) ** -0.5)
        bias = self.constant(self.numbers(outputs))
        return self.add(name, "ConvTranspose", f"x {scaled} {bias}", **attributes)

    def model(self) -> onnx.ModelProto:
        outputs = [name for n in self.nodes for name in n.output if name not in self.inner]
        types = self.types
        model = make_model(self.nodes, self.inputs, self.constants, outputs, types=types)
        return with_output_types(model)


_EDGES = {"pads": [1, 1, 1, 1]}


def convolutions() -> onnx.ModelProto:
    """Every kind of convolution, alone; Winograd's needs more channels than the others."""
    b = Builder(
        x=IMAGE,
        rgb=(1, 3, HEIGHT, WIDTH),
        deep=DEEP,
        deeper=DEEPER,
        wide=(1, 240, 4, 5),
        half=(1, 32, 24, 24),
        full=(1, 64, 24, 24),
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
    b.transposed("transposed", 17, 4, strides=[2, 2], **_EDGES)
    spread = {"strides": [3, 2], "dilations": [2, 3], "pads": [2, 1, 0, 3]}
    b.transposed("transposed_dilated", 24, 3, group=2, output_padding=[2, 0], **spread)
    b.transposed("transposed_depthwise", CHANNELS, 3, group=CHANNELS, strides=[2, 2], **_EDGES)
    b.transposed("transposed_gaps", 18, 2, strides=[3, 3])
    for name, outputs, value in (("of_half", 128, "half"), ("of_full", 64, "full")):
        w = b.constant(np.full((outputs, b.inputs[value][1], 3, 3), 0.05))  # of the same bytes
        b.add(f"winograd_{name}", "Conv", f"{value} {w}", **_EDGES)
    return b.model()


ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "leaky": ("LeakyRelu", {"alpha": 0.1}),
    "steep": ("LeakyRelu", {"alpha": 3.0}),
    "negative": ("LeakyRelu", {"alpha": -0.5}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 0.3, "beta": 0.6}),
    "falling_sigmoid": ("HardSigmoid", {"alpha": -0.3, "beta": 0.6}),
    "hard_swish": ("HardSwish", {}),
    "elu": ("Elu", {"alpha": 0.7}),
    "erf": ("Erf", {}),
    "gelu": ("Gelu", {}),
    "gelu_tanh": ("Gelu", {"approximate": "tanh"}),
    "neg": ("Neg", {}),
    "abs": ("Abs", {}),
    "selu": ("Selu", {"alpha": 1.5, "gamma": 0.8}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "thresholded": ("ThresholdedRelu", {"alpha": 0.5}),
    "floor": ("Floor", {}),
    "ceil": ("Ceil", {}),
    "round": ("Round", {}),
    "sign": ("Sign", {}),
    "reciprocal": ("Reciprocal", {}),
    "exp": ("Exp", {}),
    "sin": ("Sin", {}),
    "cos": ("Cos", {}),
    "atan": ("Atan", {}),
    "asinh": ("Asinh", {}),
}
BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "clip": (-1.0, 2.0),
    "clip_low": (0.5, None),
    "clip_high": (None, 0.25),
    "clip_crossed": (2.0, 1.0),
}


def _activate(b: Builder, name: str, value: str) -> None:
    """Add the activation ``name`` of ``value``."""
    if name in ACTIVATIONS:
        op, attributes = ACTIVATIONS[name]
        b.add(name, op, value, **attributes)
    elif name == "silu":
        b.inner.add(b.add("silu_gate", "Sigmoid", value))
        b.add("silu", "Mul", f"{value} silu_gate")
    else:
        low, high = ("-" if x is None else b.constant(x) for x in BOUNDS[name])
        b.add(name, "Clip", f"{value} {low} {high}")


_LAYERS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("winograd", "deep", DEEP[1], _EDGES),
    ("depthwise", "x", CHANNELS, {"group": CHANNELS, **_EDGES}),
    ("grouped", "x", CHANNELS, {"group": 2, **_EDGES}),
    ("direct", "x", CHANNELS, {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
]
"""The kinds of convolution that keep the size: name, input, channels, attributes."""

ALL_ACTIVATIONS = (*ACTIVATIONS, *BOUNDS, "silu")
PARTIAL = ("reciprocal", "exp")
"""Not finite for every number; no other step applies them to its results."""
FUSED = tuple(name for name in ALL_ACTIVATIONS if name not in PARTIAL)


def activations() -> onnx.ModelProto:
    """Every activation of the input."""
    b = Builder(x=IMAGE)
    for name in ALL_ACTIVATIONS:
        _activate(b, name, "x")
    return b.model()


def fused() -> onnx.ModelProto:
    """Every activation that a convolution applies, and one after a shortcut in each kind of it."""
    b = Builder(x=IMAGE, deep=DEEP)
    for name in FUSED:
        value = b.conv(f"{name}_conv", CHANNELS, 1)
        b.inner.add(value)
        _activate(b, name, value)
    for layer, value, channels, attributes in _LAYERS:
        conv = b.conv(f"{layer}_conv", channels, 3, value, **attributes)
        total = b.add(f"{layer}_sum", "Add", f"{conv} {value}")
        b.inner |= {conv, total}
        b.add(f"{layer}_residual", "LeakyRelu", total)
    return b.model()


def bounded() -> onnx.ModelProto:
    """Use an activation that takes long in each kind of convolution."""
    b = Builder(x=IMAGE, deep=DEEP)
    for layer, value, channels, attributes in _LAYERS:
        conv = b.conv(f"{layer}_conv", channels, 3, value, **attributes)
        b.inner.add(conv)
        b.add(f"{layer}_bounded", "Tanh", conv)
    b.inner.add(b.transposed("transposed_conv", 18, 2, strides=[2, 2]))
    b.add("transposed_bounded", "Tanh", "transposed_conv")
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


def heads() -> onnx.ModelProto:
    """Scores as low as detectors give, where ONNX Runtime's own functions are inexact."""
    b = Builder(x=IMAGE)
    for name, op, spread, bias in (
        ("low", "Sigmoid", 0.05, -12.0),
        ("edge", "HardSigmoid", 1e-5, -2.4999),
    ):
        w = b.constant(b.numbers(24, CHANNELS, 1, 1) * spread)
        b.inner.add(b.add(f"{name}_conv", "Conv", f"x {w} {b.constant(np.full(24, bias))}"))
        b.add(name, op, f"{name}_conv")
    return b.model()


def arithmetic() -> onnx.ModelProto:
    """Operators of two or more values, of a value and constants, and of channels."""
    b = Builder(x=IMAGE, y=IMAGE)
    numbers = b.constant(b.numbers(1, CHANNELS, 1, 1, low=0.5, high=2))
    full = b.constant(b.numbers(1, CHANNELS, HEIGHT, WIDTH, low=0.5, high=2))
    row, half = b.constant(b.numbers(1, 1, 1, WIDTH)), b.constant(0.5)
    mean = b.add("mean", "GlobalAveragePool", "y")
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min"):
        b.add(op.lower(), op, "x y")
        b.add(f"{op.lower()}_full", op, f"x {full}")
        b.add(f"{op.lower()}_half", op, f"x {half}")
    b.add("add_row", "Add", f"x {row}")
    b.add("mul_mean", "Mul", f"x {mean}")
    b.add("sum", "Sum", "x y x")
    b.add("max3", "Max", "x y x")
    b.inner.add(b.add("scaled", "Mul", f"x {numbers}"))
    b.add("affine", "Add", f"scaled {numbers}")
    variance = b.constant(b.numbers(CHANNELS, low=0.5, high=2))
    means = [b.constant(b.numbers(CHANNELS)) for _ in range(3)]
    b.add("batch_norm", "BatchNormalization", " ".join(["x", *means, variance]))
    b.inner.add(b.add("batch", "Reshape", f"x {b.constant([2, CHANNELS // 2, HEIGHT, WIDTH])}"))
    b.add("batch_half", "Mul", f"batch {half}")
    b.add("batch_column", "Add", f"batch {b.constant(b.numbers(CHANNELS // 2, 1, 1))}")
    b.add("batch_full", "Sub", f"{b.constant(b.numbers(2, 1, HEIGHT, 1))} batch")
    slopes = b.constant(b.numbers(CHANNELS, 1, 1))
    b.add("prelu", "PRelu", f"x {slopes}")
    b.add("prelu_computed", "PRelu", "x y")
    b.inner.add(b.add("size", "Abs"))
    b.add("root", "Sqrt", "size")
    b.add("logarithm", "Log", "size")
    b.add("power", "Pow", f"size {b.constant(1.7)}")
    b.add("power_computed", "Pow", "size y")
    b.add(
        "rest", "Mod", f"y {b.constant(b.numbers(1, CHANNELS, 1, 1, low=0.1, high=0.3))}", fmod=1
    )
    b.add("cube", "Pow", f"x {b.constant(3.0)}")
    b.inner |= {b.add("gate", "Sigmoid"), b.add("below_one", "Mul", f"gate {b.constant(0.9)}")}
    b.inner.add(b.add("above_one", "Add", f"gate {b.constant(1.5)}"))
    for op in ("Tan", "Asin", "Acos", "Sinh", "Cosh", "Atanh"):
        b.add(op.lower(), op, "below_one")
    b.add("acosh", "Acosh", "above_one")
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


def moves() -> onnx.ModelProto:
    """Operators that move data or only rename it."""
    b = Builder(x=IMAGE, y=IMAGE, z=(1, 16, HEIGHT, WIDTH), v=(2, 3, 4), w=(4, 3, 1))
    b.add("concat", "Concat", "x y", axis=1)
    b.add("concat_blocks", "Concat", "z x", axis=1)
    b.add("concat_rows", "Concat", "x y", axis=2)
    b.add("concat_again", "Concat", "x y x", axis=2)
    b.add("concat_same", "Concat", "v v", axis=-1)
    b.add("concat_same_channels", "Concat", "x x", axis=1)
    known = b.constant(b.numbers(1, 3, HEIGHT, WIDTH))
    b.add("concat_known_channels", "Concat", f"x {known}", axis=1)
    b.add("head tail", "Split", f"x {b.constant([16, 4])}", axis=1)
    b.add("left right", "Split", f"x {b.constant([5, 6])}", axis=3)
    starts, ends, axes, steps = (b.constant(n) for n in ([3, -1], [12, -99], [1, 3], [1, -2]))
    b.add("slice", "Slice", f"x {starts} {ends} {axes} {steps}")
    starts, ends, back = (b.constant(n) for n in ([-1, -1], [-99, -99], [-1, -1]))
    b.add("flip", "Slice", f"x {starts} {ends} {b.constant([2, 3])} {back}")
    b.add("flip_channels", "Slice", f"x {starts} {ends} {b.constant([1, 3])} {back}")
    b.add("pad", "Pad", f"x {b.constant([0, 0, 1, 2, 0, 0, 3, 0])} {b.constant(0.5)}")
    b.inner.add(b.conv("framed", CHANNELS, 1))
    around = b.constant([0, 0, 2, 1, 0, 0, 3, 4])
    b.add("pad_reflect", "Pad", f"framed {around}", mode="reflect")
    b.add("pad_wrap", "Pad", f"x {around}", mode="wrap")
    cut = b.constant([1, -1, 2, -1, 0, 3])
    b.add("pad_edge", "Pad", f"v {cut}", mode="edge")
    b.add("transpose", "Transpose", perm=[0, 2, 3, 1])
    b.add("shuffled_split", "Reshape", f"x {b.constant([1, 4, 5, HEIGHT, WIDTH])}")
    b.add("shuffled_turn", "Transpose", "shuffled_split", perm=[0, 2, 1, 3, 4])
    b.add("shuffled", "Reshape", f"shuffled_turn {b.constant(list(IMAGE))}")
    b.inner |= {"shuffled_split", "shuffled_turn"}
    b.add("flatten", "Flatten")
    b.add("reshape", "Reshape", f"x {b.constant([CHANNELS, -1])}")
    b.add("squeeze", "Squeeze", f"x {b.constant([0])}")
    b.add("unsqueeze", "Unsqueeze", f"v {b.constant([1])}")
    b.add("expand", "Expand", f"w {b.constant([2, 1, 3, 5])}")
    b.add("pixels", "DepthToSpace", "z", blocksize=2)
    b.add("pixels_by_channel", "DepthToSpace", "z", blocksize=4, mode="CRD")
    b.inner.add(b.add("even", "Pad", f"x {b.constant([0, 0, 0, 0, 0, 0, 1, 1])}"))
    b.add("depth", "SpaceToDepth", "even", blocksize=2)
    b.add("tile", "Tile", f"v {b.constant([2, 1, 3])}")
    b.add("identity", "Identity")
    b.add("dropout", "Dropout")
    return b.model()


def products() -> onnx.ModelProto:
    """Layers of a row, one with a sum long enough to be added up in parts."""
    b = Builder(v=(1, 37), line=(1, LINE))
    bias = b.constant(b.numbers(18))
    b.add(
        "gemm", "Gemm", f"v {b.constant(b.numbers(18, 37))} {bias}", transB=1, alpha=0.5, beta=2.0
    )
    b.add("gemm_long", "Gemm", f"line {b.constant(b.numbers(LINE, 18) * 0.02)} {bias}")
    b.add("matmul", "MatMul", f"v {b.constant(b.numbers(37, 20))}")
    b.add("softmax", "Softmax", "v", axis=1)
    return b.model()


WORDS = (3, 4, 35)
"""A part of a row is no whole vector."""


def integers() -> onnx.ModelProto:
    """Arithmetic of integers, comparisons of them, and what they are cast to."""
    kinds = {"a": INT32, "b": INT32, "l": INT64, "s": INT8, "u": UINT8}
    b = Builder(kinds, a=WORDS, b=(4, 1), l=WORDS, s=WORDS, u=WORDS)
    for op in ("Add", "Sub", "Mul", "Max", "Min"):
        b.add(op.lower(), op, "a b")
        b.add(f"{op.lower()}_long", op, f"l {b.constant(np.array([[3], [-2], [1], [0]]))}")
    b.add("add_bytes", "Add", "u u")
    divisors = np.array([[7], [-3], [-1], [2]])
    b.add("div", "Div", f"a {b.constant(divisors.astype(np.int32))}")
    b.add("div_long", "Div", f"l {b.constant(divisors)}")
    for op in ("Neg", "Abs"):
        b.add(f"{op.lower()}_int", op, "a")
        b.add(f"{op.lower()}_byte", op, "s")
    b.add("equal", "Equal", "a b")
    b.add("less_bytes", "Less", f"u {b.constant(np.uint8(2))}")
    b.add("greater_long", "Greater", f"l {b.constant(np.int64(1))}")
    b.add("a_long", "Cast", "a", to=INT64)
    b.add("where_long", "Where", "greater_long l a_long")
    for name, to in (("float", FLOAT), ("byte", UINT8), ("bool", BOOL), ("int", INT32)):
        b.add(f"s_{name}", "Cast", "s", to=to)
        b.add(f"l_{name}", "Cast", "l", to=to)
    b.add("arg_max_bytes", "ArgMax", "u", axis=1)
    for op, value in (("Sum", "a"), ("Max", "a"), ("Min", "s"), ("Prod", "l")):
        b.add(f"{op.lower()}_along", f"Reduce{op}", f"{value} {b.constant([1])}")
    b.add("mod", "Mod", f"a {b.constant(divisors.astype(np.int32))}")
    b.add("rest", "Mod", f"l {b.constant(divisors)}", fmod=1)
    for op in ("And", "Or", "Xor"):
        b.add(f"bits_{op.lower()}", f"Bitwise{op}", "a b")
    b.add("shift", "BitShift", f"u {b.constant(np.uint8([3]))}", direction="RIGHT")
    b.add("arg_min_long", "ArgMin", "l", axis=-1, keepdims=0)
    return b.model()


def choices() -> onnx.ModelProto:
    """Compare floats, choose from them, cast them to integers, look them up."""
    kinds = {"i": INT64, "j": INT32}
    b = Builder(kinds, x=IMAGE, y=IMAGE, v=(2, 5, 70), i=(2, 3), j=(4,))
    for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        b.add(f"is_{op.lower()}", op, f"x {'y' if op != 'Equal' else 'x'}")
    row = b.constant(b.numbers(WIDTH))
    b.add("above_row", "Greater", f"x {row}")
    for op in ("And", "Or", "Xor"):
        b.add(op.lower(), op, "is_greater above_row")
    b.add("not", "Not", "above_row")
    b.add("where", "Where", "is_less x y")
    b.add("masked", "Where", f"above_row {b.constant(-1e9)} x")
    for name, to in (("int", INT32), ("long", INT64), ("byte", INT8), ("ubyte", UINT8)):
        b.add(f"to_{name}", "Cast", "x", to=to)
    b.add("to_bool", "Cast", "x", to=BOOL)
    b.add("from_bool", "Cast", "is_less", to=FLOAT)
    b.add("classes", "ArgMax", "x", axis=1)
    b.add("column", "ArgMin", "x", axis=3, keepdims=0)
    halves = b.constant(np.round(b.numbers(2, 5, 70)))
    b.inner.add(b.add("steps", "Mul", f"v {b.constant(0.0)}"))
    b.inner.add(b.add("equals", "Add", f"steps {halves}"))
    b.add("first", "ArgMax", "equals", axis=1)
    b.add("last", "ArgMax", "equals", axis=1, select_last_index=1)
    b.add("words", "Gather", f"{b.constant(b.numbers(9, 6))} i")
    b.add("middle", "Gather", "v j", axis=1)
    b.add("ends", "Gather", f"v {b.constant([0, -1, 3])}", axis=-1)
    b.add("one", "Gather", f"x {b.constant(np.int64(3))}", axis=1)
    return b.model()


def typed_moves() -> onnx.ModelProto:
    """Move and rename tensors of elements of one, two, four and eight bytes."""
    kinds = {"u": UINT8, "h": INT16, "i": INT32, "l": INT64, "q": UINT8}
    b = Builder(kinds, q=(1, 7, 6, 3), **dict.fromkeys("uhil", (2, 3, 5)))
    starts, ends, axes, steps = (b.constant(n) for n in ([-1, 0], [-9, 4], [2, 1], [-2, 2]))
    for x in "uhil":
        b.add(f"{x}_turned", "Transpose", x, perm=[2, 0, 1])
        b.add(f"{x}_joined", "Concat", f"{x} {x}", axis=1)
        b.add(f"{x}_part", "Slice", f"{x} {starts} {ends} {axes} {steps}")
        b.add(f"{x}_left {x}_right", "Split", f"{x} {b.constant([2, 3])}", axis=2)
        b.add(f"{x}_flat", "Flatten", x)
        if x != "h":  # ONNX Runtime pads none of two bytes
            b.add(f"{x}_padded", "Pad", f"{x} {b.constant([0, 1, 0, 0, 0, 2])}")
        b.add(f"{x}_repeated", "Expand", f"{x} {b.constant([2, 2, 3, 5])}")
        b.add(f"{x}_taken", "Gather", f"{x} {b.constant([1, 0, 0])}", axis=1)
    b.add("u_resized", "Resize", f"u - - {b.constant([4, 9])}", mode="nearest", axes=[1, 2])
    b.inner.add(b.add("pixels", "Cast", "q", to=FLOAT))
    b.add(
        "pixels_resized", "Resize", f"pixels - - {b.constant([9, 4])}", mode="linear", axes=[1, 2]
    )
    b.add("planes", "Transpose", "q", perm=[0, 3, 1, 2])
    b.add("image", "Cast", "planes", to=FLOAT)
    w = b.constant(b.numbers(16, 3, 3, 3) * 0.1)
    b.add("features", "Conv", f"image {w}")
    b.inputs["places"] = (1, 3, 4, 2)
    b.add("sampled", "GridSample", "image places")
    return b.model()


def matrices() -> onnx.ModelProto:
    """Products of computed matrices and batches of them, whose sizes fit no tile."""
    b = Builder(a=(7, 37), turned=(37, 7), w=(37, 50), q=(2, 3, 17, 24), k=(3, 24, 19), u=(24,))
    b.inputs |= {"long": (3, LINE)}
    c, numbers = b.constant(b.numbers(7, 1)), b.constant(b.numbers(50, 37))
    b.add("gemm_computed", "Gemm", f"a w {c}", alpha=0.5, beta=2.0)
    b.add(
        "gemm_turned", "Gemm", f"turned {numbers} {b.constant(b.numbers(50))}", transA=1, transB=1
    )
    b.add("rows", "MatMul", f"q {b.constant(b.numbers(24, 33))}")
    b.add("rows_long", "MatMul", f"long {b.constant(b.numbers(LINE, 18) * 0.02)}")
    b.add("batch", "MatMul", "q k")
    b.inner.add(b.add("scores", "MatMul", "q k"))
    b.add("batch_tanh", "Tanh", "scores")
    b.add("column", "MatMul", "q u")
    b.add("row", "MatMul", "u k")
    return b.model()


def halves() -> onnx.ModelProto:
    """Layers of all kinds with weights that float16 has, so that libraries keep them in it."""
    b = Builder(
        x=IMAGE, rgb=(1, 3, HEIGHT, WIDTH), deep=DEEP, deeper=DEEPER, line=(1, 90), q=(3, 17, 24)
    )
    b.conv("half_strided", 18, 3, strides=[2, 2], **_EDGES)
    b.conv("half_first", 16, 5, "rgb", strides=[2, 1], pads=[2, 2, 2, 2])
    b.conv("half_grouped", 40, 3, group=4, **_EDGES)
    b.conv("half_winograd", 48, 3, "deep", **_EDGES)
    b.conv("half_winograd_large", 560, 3, "deeper", **_EDGES)
    b.add("half_row", "MatMul", f"line {b.constant(b.numbers(90, 35) * 0.1)}")
    b.add("half_rows", "MatMul", f"q {b.constant(b.numbers(24, 33))}")
    b.constants = {
        name: array.astype(np.float16).astype(np.float32) for name, array in b.constants.items()
    }
    return b.model()


def tokens() -> onnx.ModelProto:
    """Values of any rank that broadcast, reductions, normalisation: the rest of a transformer."""
    b = Builder(t=(2, 9, 21), u=(9, 1), v=(2, 1, 21), n=(3, 2, 5, 4, 2), m=(3, 1, 5, 1, 2))
    scale, shift = b.constant(b.numbers(21, low=0.5, high=2)), b.constant(b.numbers(21))
    b.add("norm", "LayerNormalization", f"t {scale} {shift}", epsilon=1e-3)
    rows = b.constant(b.numbers(9, 21, low=0.5, high=2))
    b.add("norm_rows", "LayerNormalization", f"t {rows}", axis=1, epsilon=0.5)
    b.add("outer_sum", "Add", "u v")
    b.add("gate", "Mul", "t u")
    b.add("ranks", "Sub", "m n")
    b.add("ratio", "Div", f"n {b.constant(b.numbers(4, 1, low=0.5, high=2))}")
    b.add("mean_rows", "ReduceMean", f"t {b.constant([1])}", keepdims=0)
    b.add("sum_last", "ReduceSum", f"t {b.constant([-1])}")
    b.add("largest", "ReduceMax", f"n {b.constant([2, 3])}")
    b.add("least", "ReduceMin", f"n {b.constant([0, 1])}")
    b.add("product", "ReduceProd", f"t {b.constant([0])}", keepdims=0)
    b.add("squares", "ReduceSumSquare", f"t {b.constant([1])}")
    b.add("length", "ReduceL2", f"t {b.constant([-1])}")
    b.add("sizes", "ReduceL1", f"t {b.constant([-1])}")
    b.add("softmax_first", "Softmax", "t", axis=0)
    b.add("turned", "Transpose", "n", perm=[4, 2, 0, 1, 3])
    b.add("apart", "ReduceMean", f"n {b.constant([0, 2, 4])}")
    b.inner.add(b.add("positive", "Softplus", "t"))
    b.add("log_sum", "ReduceLogSum", f"positive {b.constant([1])}", keepdims=0)
    b.add("log_sum_exp", "ReduceLogSumExp", f"t {b.constant([-1])}")
    b.add("running", "CumSum", f"t {b.constant(np.int64(1))}", exclusive=1, reverse=1)
    return b.model()


def batches() -> onnx.ModelProto:
    """Several images at once, for all that networks of convolutions have."""
    size = (3, CHANNELS, HEIGHT, WIDTH)
    b = Builder(x=size, rgb=(2, 3, HEIGHT, WIDTH), deep=(2, *DEEP[1:]), one=IMAGE)
    b.conv("images_first", 16, 5, "rgb", strides=[2, 1], pads=[2, 2, 2, 2])
    b.conv("images_winograd", 48, 3, "deep", **_EDGES)
    b.conv("images_depthwise", CHANNELS, 3, group=CHANNELS, **_EDGES)
    conv = b.conv("images_conv", CHANNELS, 3, dilations=[2, 2], pads=[2, 2, 2, 2])
    b.inner |= {conv, b.add("images_sum", "Add", f"{conv} x")}
    b.add("images_residual", "Relu", "images_sum")
    b.add("images_pool", "MaxPool", kernel_shape=[3, 3], **_EDGES)
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


def lookups() -> onnx.ModelProto:
    """Elements by computed indices, the best ones, and integers that stand for numbers."""
    kinds = {"i": INT32, "j": INT64, "s": INT8}
    table, rows = (2, 9, 35), (9, 10, 7)
    b = Builder(
        kinds, v=table, i=(2, 3, 35), new=(2, 3, 35), w=rows, j=(5, 2), part=(5, 7), s=table
    )
    b.add("elements", "GatherElements", "v i", axis=1)
    b.add("slices", "GatherND", "w j")
    b.add("each_slice", "GatherND", f"w {b.constant(np.full((9, 2, 1), -3))}", batch_dims=1)
    b.add("replaced", "ScatterElements", "v i new", axis=1)
    b.add("added", "ScatterElements", "v i new", axis=1, reduction="add")
    b.add("slices_replaced", "ScatterND", "w j part")
    b.add("slices_most", "ScatterND", "w j part", reduction="max")
    b.add("best best_places", "TopK", f"v {b.constant([4])}", axis=1)
    b.add("least least_places", "TopK", f"v {b.constant([20])}", largest=0)
    b.add("top_bytes top_byte_places", "TopK", f"s {b.constant([9])}", axis=1)
    b.add("no_number", "IsNaN", "v")
    b.add("infinite", "IsInf", "v", detect_negative=0)
    zeros = b.constant(np.arange(-4, 5, dtype=np.int8))
    scales = b.constant(b.numbers(9, low=0.02, high=0.1))
    b.add("quantised", "QuantizeLinear", f"v {b.constant(0.03)} {b.constant(np.uint8(90))}")
    b.add("quantised_rows", "QuantizeLinear", f"v {scales} {zeros}", axis=1)
    b.add("numbers", "DequantizeLinear", f"s {scales} {zeros}", axis=1)
    return b.model()


_UNITS, _FEATURES = 20, 11
"""Of recurrent networks; neither fills a block."""


def sequences() -> onnx.ModelProto:
    """Recurrent networks over a sequence of two elements side by side, and of a single step."""
    b = Builder(s=(5, 2, _FEATURES), one=(1, 1, _FEATURES), h=(1, 1, _UNITS), c=(1, 1, _UNITS))

    def weights(gates: int, directions: int, extra: int = 0) -> str:
        gated = gates * _UNITS
        shapes = [(gated, _FEATURES), (gated, _UNITS), (2 * gated,), (extra * _UNITS,)]
        arrays = (b.numbers(directions, *shape, low=-0.5, high=0.5) for shape in shapes)
        return " ".join(b.constant(array) for array in arrays if array.size)

    size = {"hidden_size": _UNITS}
    both = {"direction": "bidirectional", **size}
    b.add("rnn rnn_last", "RNN", f"s {weights(1, 1)}", direction="reverse", **size)
    kinds = {"activations": ["Relu", "HardSigmoid"], "activation_alpha": [0.3], "clip": 0.4}
    b.add("gru gru_last", "GRU", f"s {weights(3, 2)}", **both)
    b.add("gru_after", "GRU", f"s {weights(3, 1)}", linear_before_reset=1, **kinds, **size)
    b.add("lstm lstm_last lstm_cells", "LSTM", f"s {weights(4, 2)}", **both)
    w, r, bias, peepholes = weights(4, 1, 3).split()
    start = f"one {w} {r} {bias} - h c {peepholes}"
    b.add("step step_h step_c", "LSTM", start, **size)
    b.add("coupled", "LSTM", start, input_forget=1, clip=0.3, **size)
    return b.model()


def chain() -> onnx.ModelProto:
    """Layers behind each other, that use the same memory in turn."""
    b = Builder(x=IMAGE)
    first = b.conv("first", CHANNELS, 3, "x", **_EDGES)
    b.conv("second", CHANNELS, 3, first, **_EDGES, group=CHANNELS)
    b.inner.add(first)
    return b.model()


class QuantisedBuilder(Builder):
    """Adds operators between DequantizeLinear and QuantizeLinear, as quantisers write them."""

    def __init__(self, type_: type[np.uint8] | type[np.int8], **inputs: tuple[int, ...]) -> None:
        super().__init__(None, **inputs)
        self.type = type_
        self._scales: dict[str, str] = {}
        for index, name in enumerate(inputs):
            self.quantise(f"{name}_q", name, 0.02 - 0.0037 * index, 117)
            self.inner.add(f"{name}_q")

    def quantise(self, name: str, value: str, scale: float, zero: int) -> str:
        """Add a QuantizeLinear; the zero point is that of unsigned bytes."""
        point = np.array(zero - 128 * (self.type is np.int8)).astype(self.type)
        self._scales[name] = f"{self.constant(scale)} {self.constant(point)}"
        return self.add(name, "QuantizeLinear", f"{value} {self._scales[name]}")

    def numbers_of(self, value: str) -> str:
        """Add a DequantizeLinear of what is quantised."""
        name = f"{value}_{len(self.nodes)}"
        self.inner.add(name)
        return self.add(name, "DequantizeLinear", f"{value} {self._scales[value]}")

    def around(
        self,
        name: str,
        op: str,
        values: str = "x_q",
        scale: float = 0.02,
        zero: int = 117,
        **a: Any,
    ) -> str:
        """Add an operator of quantised values, whose result is quantised."""
        inputs = [
            v if v in self.constants or v == "-" else self.numbers_of(v) for v in values.split()
        ]
        self.inner.add(f"{name}_real")
        self.add(f"{name}_real", op, " ".join(inputs), **a)
        return self.quantise(name, f"{name}_real", scale, zero)

    def layer(
        self,
        name: str,
        op: str,
        shape: tuple[int, ...],
        values: str = "x_q",
        axis: int = 0,
        largest: int = 127,
        **a: Any,
    ) -> str:
        """Add a convolution or product with weights of one scale for each output."""
        count = shape[axis]
        weights = self._random.integers(-largest, largest + 1, shape, np.int8)
        scales = self.numbers(count, low=0.5, high=1) / np.float32(
            60 * (weights.size / count) ** 0.5
        )
        bias = self._random.integers(-3000, 3000, count, np.int32)
        x_scale = self.constants[self._scales[values].split()[0]]
        operands = [self.numbers_of(values)]
        for array, scale, along in ((weights, scales, axis), (bias, scales * x_scale, 0)):
            operands.append(f"{name}_{len(self.nodes)}")
            self.inner.add(operands[-1])
            given = f"{self.constant(array)} {self.constant(scale)}"
            self.add(operands[-1], "DequantizeLinear", given, axis=along)
        self.inner.add(f"{name}_real")
        self.add(f"{name}_real", op, " ".join(operands), **a)
        return self.quantise(name, f"{name}_real", 0.025, 131)


def quantised() -> onnx.ModelProto:
    """Return every operator of quantised values, of unsigned bytes."""
    return _quantised(np.uint8)


def signed_bytes() -> onnx.ModelProto:
    """Return the same of signed bytes."""
    return _quantised(np.int8)


def _quantised(type_: type[np.uint8] | type[np.int8]) -> onnx.ModelProto:
    b = QuantisedBuilder(
        type_, x=IMAGE, rows=(3, 50), column=(1, CHANNELS, 1, 1), many=MANY, picture=PICTURE
    )
    b.layer("q_pointwise", "Conv", (37, CHANNELS, 1, 1))
    b.layer("q_strided", "Conv", (18, CHANNELS, 3, 3), strides=[2, 2], **_EDGES)
    b.layer("q_dilated", "Conv", (17, CHANNELS, 3, 3), dilations=[2, 2], pads=[2, 0, 1, 2])
    b.layer("q_depthwise", "Conv", (CHANNELS, 1, 3, 3), group=CHANNELS, strides=[1, 2], **_EDGES)
    b.layer("q_grouped", "Conv", (2 * CHANNELS, 1, 3, 3), group=CHANNELS, **_EDGES)
    b.layer("q_rows", "Gemm", (33, 50), "rows_q", transB=1)
    b.around("q_add", "Add", "x_q column_q", 0.035, 90)
    b.around("q_mul", "Mul", "x_q x_q", 0.03, 10)
    b.around("q_max_pool", "MaxPool", kernel_shape=[3, 3], strides=[2, 2], **_EDGES)
    edges = {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0]}
    b.around("q_average_pool", "AveragePool", scale=0.011, zero=140, **edges)
    b.around("q_average_all", "AveragePool", scale=0.011, zero=140, count_include_pad=1, **edges)
    b.around("q_mean", "GlobalAveragePool", scale=0.004, zero=120)
    b.around("q_table", "HardSwish", scale=0.013, zero=20)
    b.around("q_concat", "Concat", "x_q q_pointwise", 0.021, 117, axis=1)
    b.around("q_turned", "Transpose", "rows_q", perm=[1, 0])
    b.around("q_deep", "DepthToSpace", blocksize=2)
    b.around("q_gathered", "Gather", f"x_q {b.constant([3, 0, 3, 19])}", axis=1)
    b.around("q_padded", "Pad", f"x_q {b.constant([0, 0, 1, 2, 0, 0, 0, 3])}")
    larger = b.constant([1.0, 1.0, 2.0, 3.0])
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    b.around("q_nearest", "Resize", f"x_q - {larger}", mode="nearest", **how)
    b.layer("q_square", "Conv", (33, MANY[1], 3, 3), "many_q", **_EDGES)
    b.layer("q_small", "Conv", (18, CHANNELS, 3, 3), largest=64, strides=[2, 2], **_EDGES)
    b.layer("q_picture", "Conv", (18, 3, 3, 3), "picture_q", strides=[2, 2], **_EDGES)
    for name in ("q_limited", "q_cut"):
        b.layer(f"{name}_before", "Conv", (16, CHANNELS, 1, 1))
        b.nodes.pop()
        b.inner.add(f"{name}_relu")
        bounds = f" {b.constant(-0.4)} {b.constant(0.6)}" if name == "q_cut" else ""
        b.add(f"{name}_relu", "Clip" if bounds else "Relu", f"{name}_before_real{bounds}")
        b.quantise(name, f"{name}_relu", 0.02, 100)
    return b.model()


OPERATOR_MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    make.__name__: make
    for make in (
        convolutions,
        activations,
        fused,
        bounded,
        lines,
        volumes,
        heads,
        arithmetic,
        windows,
        moves,
        products,
        integers,
        choices,
        typed_moves,
        matrices,
        halves,
        tokens,
        batches,
        sequences,
        lookups,
        chain,
        quantised,
        signed_bytes,
    )
}


def part_of(name: str, output: str) -> onnx.ModelProto:
    """Return the nodes of a model that ``output`` needs."""
    model = OPERATOR_MODELS[name]()
    graph = model.graph
    needed = {output}
    nodes = []
    for proto in reversed(graph.node):
        if needed.intersection(proto.output):
            needed.update(proto.input)
            nodes.insert(0, proto)
    for field, kept in (
        (graph.node, nodes),
        (graph.input, [value for value in graph.input if value.name in needed]),
        (graph.output, [value for value in graph.output if value.name == output]),
        (graph.initializer, [tensor for tensor in graph.initializer if tensor.name in needed]),
    ):
        del field[:]
        field.extend(kept)
    return model


class Built:
    """
    A compiled model, not proven, beside ONNX Runtime's results of the same model.

    Used as a context manager, it can be run.

    :ivar variants: those that this processor, or the emulated one, can run.
    """

    def __init__(self, proto: onnx.ModelProto, folder: Path, target: str = "host") -> None:
        self.proto = proto
        self._target = targets.get(target)
        self._library = folder / "model.so"
        path = folder / "model.onnx"
        onnx.save(proto, path)
        graph = load(path)
        optimise(graph)
        self.model: Model = self._target.build(
            graph, Description("operators", ""), folder, lambda *_: None
        )

    def __enter__(self) -> Built:
        self._sandbox = self._target.sandbox(self._library)
        best = self.model.variants.index(self._sandbox.best_variant())
        self.variants = self.model.variants[best:]
        return self

    def __exit__(self, *exception: object) -> None:
        self._sandbox.__exit__(*exception)

    def run(self, variant: str, feeds: dict[str, Array]) -> dict[str, Array]:
        """Return the outputs of the library."""
        return self._sandbox.run(variant, 1, feeds)

    def reference(self, feeds: dict[str, Array]) -> dict[str, Array]:
        """Return the outputs of ONNX Runtime."""
        names = (output.name for output in self.model.outputs)
        return dict(zip(names, run(self.proto, feeds), strict=True))
