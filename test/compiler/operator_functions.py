"""Models of functions of one number, alone and in layers, and of arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from operator_builder import Builder, CHANNELS, DEEP, EDGES, HEIGHT, IMAGE, MIXED, WIDTH

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


_LAYERS: list[tuple[str, str, int, int, dict[str, Any]]] = [
    ("winograd", "deep", DEEP[1], 3, EDGES),
    ("strassen", "many", MIXED[1], 1, {}),
    ("depthwise", "x", CHANNELS, 3, {"group": CHANNELS, **EDGES}),
    ("grouped", "x", CHANNELS, 3, {"group": 2, **EDGES}),
    ("direct", "x", CHANNELS, 3, {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
]
"""The kinds of convolution that keep the size: name, input, channels, kernel, attributes."""
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
    b = Builder(x=IMAGE, deep=DEEP, many=MIXED)
    for name in FUSED:
        value = b.conv(f"{name}_conv", CHANNELS, 1)
        b.inner.add(value)
        _activate(b, name, value)
    for layer, value, channels, kernel, attributes in _LAYERS:
        conv = b.conv(f"{layer}_conv", channels, kernel, value, **attributes)
        total = b.add(f"{layer}_sum", "Add", f"{conv} {value}")
        b.inner |= {conv, total}
        b.add(f"{layer}_residual", "LeakyRelu", total)
    return b.model()


def bounded() -> onnx.ModelProto:
    """Use an activation that takes long in each kind of convolution."""
    b = Builder(x=IMAGE, deep=DEEP, many=MIXED)
    for layer, value, channels, kernel, attributes in _LAYERS:
        conv = b.conv(f"{layer}_conv", channels, kernel, value, **attributes)
        b.inner.add(conv)
        b.add(f"{layer}_bounded", "Tanh", conv)
    b.inner.add(b.transposed("transposed_conv", 30, 2, strides=[2, 2]))
    b.add("transposed_bounded", "Tanh", "transposed_conv")
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
