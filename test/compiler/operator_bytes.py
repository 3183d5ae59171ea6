"""Models of operators of quantised values."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from operator_builder import Builder, CHANNELS, EDGES, IMAGE, MANY, PICTURE
from small_models import Array, make_model, node


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

    def numbers_of(self, value: str, name: str = "") -> str:
        """Add a DequantizeLinear of what is quantised."""
        name = name or f"{value}_{len(self.nodes)}"
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
        largest: int | str = 127,
        **a: Any,
    ) -> str:
        """
        Add a convolution or product with weights of one scale for each output.

        :param largest: weight, or a kind of ``_LARGEST``.
        """
        count = shape[axis]
        if isinstance(largest, int):
            weights = self._random.integers(-largest, largest + 1, shape, np.int8)
            sums = 60 * (weights.size / count) ** 0.5
        else:  # all products of a result may have one sign
            weights = self._largest(largest, shape)
            sums = 128 * weights.size / count
        scales = self.numbers(count, low=0.5, high=1) / np.float32(sums)
        bias = self._random.integers(-3000, 3000, count, np.int32)
        x_scale = self.constants[self._scales[values].split()[0]]
        operands = [self.numbers_of(values)]
        for array, scale, along in ((weights, scales, axis), (bias, scales * x_scale, 0)):
            operands.append(f"{name}_{len(self.nodes)}")
            self.inner.add(operands[-1])
            numbers = f"{self.constant(array)} {self.constant(scale)}"
            self.add(operands[-1], "DequantizeLinear", numbers, axis=along)
        self.inner.add(f"{name}_real")
        self.add(f"{name}_real", op, " ".join(operands), **a)
        return self.quantise(name, f"{name}_real", 0.025, 131)

    def _largest(self, kind: str, shape: tuple[int, ...]) -> Array:
        *ends, fourth = _LARGEST[kind]
        weights = self._random.choice(np.array(ends, np.int8), shape)
        weights[0], weights[1] = ends
        if fourth is not None:
            weights[:, ::4] = fourth
        return weights


def quantised() -> onnx.ModelProto:
    """Return every operator of quantised values, of unsigned bytes."""
    return _quantised(np.uint8)


def signed_bytes() -> onnx.ModelProto:
    """Return the same of signed bytes."""
    return _quantised(np.int8)


_LARGEST = {"ends": (-128, 127, None), "apart": (-127, 127, -128), "room": (-64, 64, 63)}
"""Kinds of large weights: both ends, and what every fourth channel has."""


def extreme_bytes(type_: type[np.uint8] | type[np.int8]) -> onnx.ModelProto:
    """
    Return layers with the largest weights, whose products have the least room in 16 bits.

    They are those at the ends of int8, those of which no two of -128 are added up there, and
    those of which any four of signed bytes, two of unsigned ones, just have room.
    """
    b = QuantisedBuilder(type_, x=IMAGE, rows=(3, 50), many=MANY, picture=PICTURE)
    for kind in _LARGEST:
        b.layer(f"{kind}_pointwise", "Conv", (18, CHANNELS, 1, 1), largest=kind)
        b.layer(f"{kind}_rows", "Gemm", (33, 50), "rows_q", largest=kind, transB=1)
    half = {"strides": [2, 2], **EDGES}
    b.layer("ends_strided", "Conv", (18, CHANNELS, 3, 3), largest="ends", **half)
    b.layer("ends_depthwise", "Conv", (CHANNELS, 1, 3, 3), largest="ends", group=CHANNELS, **EDGES)
    b.layer("ends_square", "Conv", (33, MANY[1], 3, 3), "many_q", largest="ends", **EDGES)
    b.layer("ends_picture", "Conv", (18, 3, 3, 3), "picture_q", largest="ends", **half)
    return b.model()


def large_bytes() -> onnx.ModelProto:
    """Return layers whose weights leave a second-level cache no room, and a depthwise one."""
    b = QuantisedBuilder(np.uint8, x=(1, 96, 9, 13), deep=(1, 400, 5, 7))
    half = {"strides": [2, 1], **EDGES}
    b.layer("l_strided", "Conv", (176, 96, 3, 3), **half)
    b.layer("l_dilated", "Conv", (160, 96, 3, 3), dilations=[2, 1], pads=[1, 0, 2, 1])
    b.layer("l_grouped", "Conv", (336, 48, 3, 3), group=2, strides=[1, 2], **EDGES)
    b.layer("l_small", "Conv", (176, 96, 3, 3), largest=64, **half)
    b.layer("l_pointwise", "Conv", (340, 400, 1, 1), "deep_q")
    b.layer("l_skipping", "Conv", (340, 400, 1, 1), "deep_q", strides=[1, 2])
    b.layer("l_branch", "Conv", (400, 400, 1, 1), "deep_q")
    b.around("l_residual", "Add", "l_branch deep_q", 0.03, 120)
    b.inner.add("l_branch")
    apart = {"group": 96, "dilations": [1, 2], "pads": [1, 2, 1, 4]}
    b.layer("l_depthwise", "Conv", (96, 1, 3, 4), **apart)
    return b.model()


def _quantised(type_: type[np.uint8] | type[np.int8]) -> onnx.ModelProto:
    b = QuantisedBuilder(
        type_, x=IMAGE, rows=(3, 50), column=(1, CHANNELS, 1, 1), many=MANY, picture=PICTURE
    )
    b.layer("q_pointwise", "Conv", (37, CHANNELS, 1, 1))
    b.layer("q_skipping", "Conv", (19, CHANNELS, 1, 1), strides=[1, 2])
    b.layer("q_strided", "Conv", (18, CHANNELS, 3, 3), strides=[2, 2], **EDGES)
    b.layer("q_dilated", "Conv", (17, CHANNELS, 3, 3), dilations=[2, 2], pads=[2, 0, 1, 2])
    b.layer("q_depthwise", "Conv", (CHANNELS, 1, 3, 3), group=CHANNELS, strides=[1, 2], **EDGES)
    b.layer("q_grouped", "Conv", (2 * CHANNELS, 1, 3, 3), group=CHANNELS, **EDGES)
    b.layer("q_rows", "Gemm", (33, 50), "rows_q", transB=1)
    b.around("q_add", "Add", "x_q column_q", 0.035, 90)
    b.around("q_table", "HardSwish", scale=0.013, zero=20)
    b.around("q_sum", "Add", "x_q q_table", 0.035, 90)
    b.around("q_mul", "Mul", "x_q x_q", 0.03, 10)
    b.around("q_max_pool", "MaxPool", kernel_shape=[3, 3], strides=[2, 2], **EDGES)
    edges = {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0]}
    b.around("q_average_pool", "AveragePool", scale=0.011, zero=140, **edges)
    b.around("q_average_all", "AveragePool", scale=0.011, zero=140, count_include_pad=1, **edges)
    b.around("q_mean", "GlobalAveragePool", scale=0.004, zero=120)
    b.around("q_concat", "Concat", "x_q q_pointwise", 0.021, 117, axis=1)
    b.around("q_turned", "Transpose", "rows_q", perm=[1, 0])
    b.around("q_channels_last", "Transpose", "q_pointwise", 0.025, 131, perm=[0, 2, 3, 1])
    b.around("q_deep", "DepthToSpace", blocksize=2)
    b.around("q_gathered", "Gather", f"x_q {b.constant([3, 0, 3, 19])}", axis=1)
    b.around("q_padded", "Pad", f"x_q {b.constant([0, 0, 1, 2, 0, 0, 0, 3])}")
    larger = b.constant([1.0, 1.0, 2.0, 3.0])
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    b.around("q_nearest", "Resize", f"x_q - {larger}", mode="nearest", **how)
    b.around("q_nearest_pixels", "Resize", f"q_max_pool - {larger}", mode="nearest", **how)
    linear = {"coordinate_transformation_mode": "half_pixel", "mode": "linear"}
    b.around("q_linear", "Resize", f"x_q - {b.constant([1.0, 1.0, 1.7, 0.6])}", **linear)
    b.layer("q_branch", "Conv", (CHANNELS, CHANNELS, 1, 1))
    b.around("q_residual", "Add", "q_branch x_q", 0.03, 120)
    b.layer("q_strided_branch", "Conv", (18, CHANNELS, 3, 3), strides=[2, 2], **EDGES)
    b.around("q_strided_sum", "Add", "q_strided q_strided_branch", 0.04, 130)
    b.inner.update(("q_branch", "q_strided_branch"))
    b.layer("q_square", "Conv", (33, MANY[1], 3, 3), "many_q", **EDGES)
    b.layer("q_small", "Conv", (18, CHANNELS, 3, 3), largest=64, strides=[2, 2], **EDGES)
    b.layer("q_picture", "Conv", (18, 3, 3, 3), "picture_q", strides=[2, 2], **EDGES)
    split = b.numbers_of("many_q")
    b.inner.update(("q_part_real", "q_rest_real"))
    sizes = b.constant([16, MANY[1] - 16])
    b.nodes.append(node("Split", f"{split} {sizes}", "q_part_real q_rest_real", axis=1))
    b.quantise("q_part", "q_part_real", float(b.constants[b._scales["many_q"].split()[0]]), 117)
    b.quantise("q_rest", "q_rest_real", 0.015, 100)
    for name, side, spread in (
        ("q_spread", 2, {}),
        ("q_spread_wide", 3, {"pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
        ("q_spread_even", 4, {"pads": [1, 2, 1, 0]}),
    ):
        shape = (CHANNELS, 18, side, side)
        b.layer(name, "ConvTranspose", shape, axis=1, strides=[2, 2], **spread)
    b.add("q_floats", "GlobalAveragePool", b.numbers_of("q_strided", "q_floats.in"))
    for name in ("q_limited", "q_cut"):
        b.layer(f"{name}_before", "Conv", (16, CHANNELS, 1, 1))
        b.nodes.pop()
        b.inner.add(f"{name}_relu")
        bounds = f" {b.constant(-0.4)} {b.constant(0.6)}" if name == "q_cut" else ""
        b.add(f"{name}_relu", "Clip" if bounds else "Relu", f"{name}_before_real{bounds}")
        b.quantise(name, f"{name}_relu", 0.02, 100)
    return b.model()


def dynamic() -> onnx.ModelProto:
    """Return what is quantised by its own range: sums of bytes, and what they are scaled by."""
    types = dict.fromkeys(("rows_q", "picture_q", "d_bytes", "d_zero"), onnx.TensorProto.UINT8)
    types |= dict.fromkeys(("d_rows", "d_strided", "d_planes"), onnx.TensorProto.INT32)
    b = Builder(types, x=IMAGE, rows=(3, 50), picture=PICTURE)
    random = np.random.default_rng(1)
    for name in ("rows", "picture"):
        quantised = f"{name}_q {name}_scale {name}_zero"
        b.inner.update(quantised.split())
        b.add(quantised, "DynamicQuantizeLinear", name)
    b.add("d_bytes d_scale d_zero", "DynamicQuantizeLinear", "x")

    def weights(*shape: int) -> str:
        return b.constant(random.integers(1, 256, shape, np.uint8))

    rows = b.constant(random.integers(-127, 128, (50, 33), np.int8))
    b.add("d_rows", "MatMulInteger", f"rows_q {rows} rows_zero")
    middle, half = b.constant(np.uint8(128)), {"strides": [2, 2], **EDGES}
    image = f"d_bytes {weights(18, CHANNELS, 3, 3)} d_zero {middle}"
    b.add("d_strided", "ConvInteger", image, **half)
    picture = f"picture_q {weights(18, 3, 3, 3)} picture_zero {middle}"
    b.add("d_planes", "ConvInteger", picture, **half)
    b.inner.update(("d_sums", "d_numbers"))
    b.add("d_sums", "MatMulInteger", f"rows_q {rows} rows_zero")
    b.add("d_numbers", "Cast", "d_sums", to=onnx.TensorProto.FLOAT)
    b.add("d_scale_of_both", "Mul", f"rows_scale {b.constant(0.01)}")
    b.add("d_scaled", "Mul", "d_numbers d_scale_of_both")
    return b.model()


def sums_of_bytes(type_: type[np.uint8] | type[np.int8], first: int) -> onnx.ModelProto:
    """Return products of bytes with all kinds of weights and zero points."""
    random = np.random.default_rng(1)

    def int8(*shape: int, most: int = 127) -> Array:
        return random.integers(-most - 1, most + 1, shape, np.int8)

    constants = {
        "x_scale": np.float32(0.02),
        "x_zero": np.array(first + 117).astype(type_),
        "m": int8(50, 33),
        "extreme": np.full((50, 17), -128, np.int8),
        "uint8": random.integers(60, 200, (50, 5), np.uint8),
        "uint8_zero": np.uint8(130),
        "rows": int8(50, 6, most=63),
        "rows_zero": int8(6, most=63),
        "point": int8(37, 20, 1, 1),
        "k": int8(18, 20, 3, 3),
        "deep": int8(20, 1, 3, 3),
        "line": int8(4, 11, 3),
        "picture": int8(18, 3, 3, 3),
        "first": np.array([0, 3], np.int64),
    }
    edges = {"pads": [1, 1, 1, 1]}
    nodes = [
        node("QuantizeLinear", "x x_scale x_zero", "xq"),
        node("QuantizeLinear", "image x_scale x_zero", "image_q"),
        node("QuantizeLinear", "signal x_scale x_zero", "signal_q"),
        node("QuantizeLinear", "photo x_scale x_zero", "photo_q"),
        node("MatMulInteger", "xq m x_zero", "product"),
        node("MatMulInteger", "xq m", "without"),
        node("MatMulInteger", "xq extreme x_zero", "largest"),
        node("MatMulInteger", "xq uint8 x_zero uint8_zero", "unsigned"),
        node("MatMulInteger", "xq rows x_zero rows_zero", "each"),
        node("ConvInteger", "image_q point x_zero", "pointwise"),
        node("ConvInteger", "image_q k x_zero", "padded", **edges),
        node("ConvInteger", "image_q k", "strided", strides=[2, 2], **edges),
        node("ConvInteger", "image_q deep x_zero", "depthwise", group=20, **edges),
        node("ConvInteger", "signal_q line x_zero", "along", pads=[1, 1]),
        node("ConvInteger", "photo_q picture x_zero", "planes", strides=[2, 2], **edges),
    ]
    made = {n.output[0] for n in nodes if "Integer" in n.op_type}
    shapes = {"x": (3, 50), "image": (2, 20, 9, 11), "signal": (1, 11, 13), "photo": (1, 3, 9, 40)}
    return make_model(nodes, shapes, constants, sorted(made), types=dict.fromkeys(made, 6))
