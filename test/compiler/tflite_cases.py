"""A file of TensorFlow Lite for each operator that is read, and for the ways of using it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tflite_files import Array, Net, numbers, options

from bench.engines.tflite import Quantised

IMAGE, ROWS = (1, 8, 6, 5), (3, 7)
SAME, VALID = 0, 1
RELU, RELU_N1_TO_1, RELU6 = 1, 2, 3


@dataclass(frozen=True)
class Case:
    """
    An operator with its inputs.

    :ivar inputs: their shapes; constants stand for themselves.
    :ivar outputs: their shapes.
    :ivar of: the type of the inputs' elements, and of the outputs' if ``into`` says no other.
    """

    operator: str
    inputs: Sequence[tuple[int, ...] | Array]
    outputs: Sequence[tuple[int, ...]]
    options: Any = None
    of: Any = np.float32
    into: Any = None

    def write(self) -> bytes:
        net = Net()
        inputs = [
            net.input(*one, dtype=self.of) if isinstance(one, tuple) else net.constant(one)
            for one in self.inputs
        ]
        into = self.into or [self.of] * len(self.outputs)
        outputs = [
            net.output(*shape, dtype=dtype)
            for shape, dtype in zip(self.outputs, into, strict=True)
        ]
        net.operator(self.operator, inputs, outputs, self.options)
        return net.write()


def i32(values: Any) -> Array:
    return np.array(values, np.int32)


def conv(**fields: Any) -> Any:
    given = {"padding": SAME, "strideW": 1, "strideH": 1, "dilationWFactor": 1}
    return options("Conv2D", dilationHFactor=1, **{**given, **fields})


def depthwise(**fields: Any) -> Any:
    given = {"padding": SAME, "strideW": 1, "strideH": 1, "dilationWFactor": 1}
    return options("DepthwiseConv2D", dilationHFactor=1, **{**given, **fields})


def pool(**fields: Any) -> Any:
    given = {"padding": SAME, "strideW": 2, "strideH": 2, "filterWidth": 3, "filterHeight": 3}
    return options("Pool2D", **{**given, **fields})


def strided(begin: int = 0, end: int = 0, shrink: int = 0) -> Any:
    return options("StridedSlice", beginMask=begin, endMask=end, shrinkAxisMask=shrink)


KERNEL = numbers(4, 3, 3, 5)
BIAS = numbers(4)

CASES: dict[str, Case] = {
    "add": Case("ADD", [IMAGE, IMAGE], [IMAGE], options("Add")),
    "add a channel's": Case("ADD", [IMAGE, numbers(5)], [IMAGE], options("Add")),
    "add a number": Case("ADD", [np.float32(3), ROWS], [ROWS], options("Add")),
    "add and relu": Case(
        "ADD", [ROWS, ROWS], [ROWS], options("Add", fusedActivationFunction=RELU)
    ),
    "add integers": Case("ADD", [ROWS, ROWS], [ROWS], options("Add"), np.int32),
    "sub": Case("SUB", [IMAGE, (1, 1, 1, 5)], [IMAGE], options("Sub")),
    "mul": Case(
        "MUL", [IMAGE, IMAGE], [IMAGE], options("Mul", fusedActivationFunction=RELU_N1_TO_1)
    ),
    "div": Case("DIV", [ROWS, 2 + abs(numbers(7))], [ROWS], options("Div")),
    "maximum": Case("MAXIMUM", [ROWS, ROWS], [ROWS]),
    "minimum": Case("MINIMUM", [ROWS, np.float32(0.5)], [ROWS]),
    "pow": Case("POW", [ROWS, np.float32(2)], [ROWS]),
    "squared difference": Case("SQUARED_DIFFERENCE", [ROWS, ROWS], [ROWS]),
    "floor_div": Case("FLOOR_DIV", [ROWS, np.float32(0.7)], [ROWS]),
    "floor_mod": Case("FLOOR_MOD", [ROWS, np.float32(0.7)], [ROWS]),
    "floor_mod of integers": Case("FLOOR_MOD", [ROWS, i32(3)], [ROWS], of=np.int32),
    "add_n": Case("ADD_N", [ROWS, ROWS, ROWS], [ROWS]),
    "gelu": Case("GELU", [ROWS], [ROWS], options("Gelu")),
    "gelu with tanh": Case("GELU", [ROWS], [ROWS], options("Gelu", approximate=True)),
    "leaky_relu": Case("LEAKY_RELU", [ROWS], [ROWS], options("LeakyRelu", alpha=0.2)),
    "prelu": Case("PRELU", [IMAGE, numbers(1, 1, 5)], [IMAGE]),
    "softmax": Case("SOFTMAX", [ROWS], [ROWS], options("Softmax", beta=1.0)),
    "softmax of an image": Case("SOFTMAX", [IMAGE], [IMAGE], options("Softmax", beta=0.5)),
    "log_softmax": Case("LOG_SOFTMAX", [ROWS], [ROWS]),
    "l2_normalization": Case("L2_NORMALIZATION", [IMAGE], [IMAGE], options("L2Norm")),
    "select": Case("SELECT_V2", [np.array([True, False] * 3 + [True]), ROWS, ROWS], [ROWS]),
    "select rows": Case("SELECT", [np.array([True, False, True]), ROWS, ROWS], [ROWS]),
    "cast": Case("CAST", [ROWS], [ROWS], into=[np.int32]),
    "cast of integers": Case("CAST", [ROWS], [ROWS], of=np.int32, into=[np.float32]),
    "conv": Case("CONV_2D", [IMAGE, KERNEL, BIAS], [(1, 8, 6, 4)], conv()),
    "conv with strides": Case(
        "CONV_2D", [IMAGE, KERNEL, BIAS], [(1, 4, 2, 4)], conv(strideW=3, strideH=2)
    ),
    "conv of what is inside": Case(
        "CONV_2D", [IMAGE, KERNEL, BIAS], [(1, 6, 4, 4)], conv(padding=VALID)
    ),
    "dilated conv and relu6": Case(
        "CONV_2D",
        [IMAGE, KERNEL, BIAS],
        [(1, 8, 6, 4)],
        conv(dilationWFactor=2, fusedActivationFunction=RELU6),
    ),
    "conv in groups": Case(
        "CONV_2D", [(1, 8, 6, 6), numbers(4, 3, 3, 3), BIAS], [(1, 8, 6, 4)], conv()
    ),
    "depthwise": Case(
        "DEPTHWISE_CONV_2D",
        [IMAGE, numbers(1, 3, 3, 5), numbers(5)],
        [(1, 4, 3, 5)],
        depthwise(strideW=2, strideH=2, depthMultiplier=1),
    ),
    "depthwise, two each": Case(
        "DEPTHWISE_CONV_2D",
        [IMAGE, numbers(1, 3, 3, 10), numbers(10)],
        [(1, 8, 6, 10)],
        depthwise(depthMultiplier=2),
    ),
    "transposed conv": Case(
        "TRANSPOSE_CONV",
        [i32([1, 16, 12, 4]), KERNEL, IMAGE],
        [(1, 16, 12, 4)],
        options("TransposeConv", padding=SAME, strideW=2, strideH=2),
    ),
    "transposed conv of what is inside": Case(
        "TRANSPOSE_CONV",
        [i32([1, 17, 13, 4]), KERNEL, IMAGE, BIAS],
        [(1, 17, 13, 4)],
        options("TransposeConv", padding=VALID, strideW=2, strideH=2),
    ),
    "average pool": Case("AVERAGE_POOL_2D", [IMAGE], [(1, 4, 3, 5)], pool()),
    "max pool": Case("MAX_POOL_2D", [IMAGE], [(1, 3, 2, 5)], pool(padding=VALID)),
    "fully_connected": Case(
        "FULLY_CONNECTED", [ROWS, numbers(4, 7), BIAS], [(3, 4)], options("FullyConnected")
    ),
    "fully_connected of an image": Case(
        "FULLY_CONNECTED",
        [IMAGE, numbers(4, 240)],
        [(1, 4)],
        options("FullyConnected", fusedActivationFunction=RELU),
    ),
    "fully_connected that keeps axes": Case(
        "FULLY_CONNECTED",
        [(2, 3, 7), numbers(4, 7), BIAS],
        [(2, 3, 4)],
        options("FullyConnected", keepNumDims=True),
    ),
    "batch_matmul": Case(
        "BATCH_MATMUL", [(2, 3, 4, 5), (2, 3, 5, 6)], [(2, 3, 4, 6)], options("BatchMatMul")
    ),
    "batch_matmul, turned": Case(
        "BATCH_MATMUL",
        [(2, 5, 4), numbers(2, 6, 5)],
        [(2, 4, 6)],
        options("BatchMatMul", adjX=True, adjY=True),
    ),
    "concatenation": Case(
        "CONCATENATION", [IMAGE, (1, 8, 6, 2)], [(1, 8, 6, 7)], options("Concatenation", axis=-1)
    ),
    "split": Case("SPLIT", [i32(1), IMAGE], [(1, 4, 6, 5)] * 2, options("Split", numSplits=2)),
    "split_v": Case(
        "SPLIT_V",
        [IMAGE, i32([2, 3]), i32(3)],
        [(1, 8, 6, 2), (1, 8, 6, 3)],
        options("SplitV", numSplits=2),
    ),
    "pack": Case("PACK", [ROWS, ROWS], [(3, 2, 7)], options("Pack", axis=1, valuesCount=2)),
    "unpack": Case("UNPACK", [ROWS], [(7,)] * 3, options("Unpack", num=3)),
    "slice": Case("SLICE", [IMAGE, i32([0, 2, 1, 0]), i32([1, 3, -1, 4])], [(1, 3, 5, 4)]),
    "strided_slice": Case(
        "STRIDED_SLICE",
        [IMAGE, i32([0, 6, 1, 0]), i32([0, 1, -1, 0]), i32([1, -2, 1, 2])],
        [(1, 3, 4, 3)],
        strided(begin=1, end=9),
    ),
    "strided_slice of one row": Case(
        "STRIDED_SLICE",
        [IMAGE, i32([0, -1]), i32([0, 0]), i32([1, 1])],
        [(1, 6, 5)],
        strided(begin=1, end=1, shrink=2),
    ),
    "gather": Case("GATHER", [ROWS, i32([6, 0, 3])], [(3, 3)], options("Gather", axis=1)),
    "gather channels": Case(
        "GATHER", [IMAGE, i32([2, 1, 0])], [(1, 8, 6, 3)], options("Gather", axis=-1)
    ),
    "gather_nd": Case("GATHER_ND", [ROWS, i32([[0, 1], [2, 6]])], [(2,)]),
    "reshape": Case("RESHAPE", [IMAGE, i32([12, 20])], [(12, 20)], options("Reshape")),
    "squeeze": Case("SQUEEZE", [IMAGE], [IMAGE[1:]], options("Squeeze", squeezeDims=[0])),
    "expand_dims": Case("EXPAND_DIMS", [ROWS, i32(1)], [(3, 1, 7)]),
    "transpose": Case("TRANSPOSE", [IMAGE, i32([0, 3, 1, 2])], [(1, 5, 8, 6)]),
    "tile": Case("TILE", [ROWS, i32([2, 1])], [(6, 7)]),
    "broadcast_to": Case("BROADCAST_TO", [(1, 7), i32([3, 7])], [ROWS]),
    "fill": Case("FILL", [i32([2, 3]), ()], [(2, 3)]),
    "pad": Case("PAD", [IMAGE, i32([[0, 0], [1, 2], [0, 1], [0, 3]])], [(1, 11, 7, 8)]),
    "padv2": Case("PADV2", [ROWS, i32([[1, 0], [0, 2]]), np.float32(-3)], [(4, 9)]),
    "mirror_pad": Case(
        "MIRROR_PAD",
        [IMAGE, i32([[0, 0], [1, 2], [0, 1], [0, 0]])],
        [(1, 11, 7, 5)],
        options("MirrorPad", mode=0),
    ),
    "reverse": Case("REVERSE_V2", [IMAGE, i32([2])], [IMAGE]),
    "cumsum": Case("CUMSUM", [ROWS, i32(1)], [ROWS], options("Cumsum")),
    "depth_to_space": Case(
        "DEPTH_TO_SPACE", [(1, 4, 3, 8)], [(1, 8, 6, 2)], options("DepthToSpace", blockSize=2)
    ),
    "space_to_depth": Case(
        "SPACE_TO_DEPTH", [IMAGE], [(1, 4, 3, 20)], options("SpaceToDepth", blockSize=2)
    ),
    "space_to_batch": Case(
        "SPACE_TO_BATCH_ND",
        [IMAGE, i32([2, 2]), i32([[1, 1], [2, 0]])],
        [(4, 5, 4, 5)],
    ),
    "batch_to_space": Case(
        "BATCH_TO_SPACE_ND", [(4, 5, 4, 5), i32([2, 2]), i32([[1, 1], [2, 0]])], [IMAGE]
    ),
    "mean of an image": Case("MEAN", [IMAGE, i32([1, 2])], [(1, 5)], options("Reducer")),
    "mean that keeps axes": Case(
        "MEAN", [IMAGE, i32([2, 1])], [(1, 1, 1, 5)], options("Reducer", keepDims=True)
    ),
    "mean of channels": Case("MEAN", [IMAGE, i32([-1])], [IMAGE[:3]], options("Reducer")),
    "sum": Case("SUM", [IMAGE, i32([1])], [(1, 6, 5)], options("Reducer")),
    "reduce_max": Case("REDUCE_MAX", [IMAGE, i32([1, 3])], [(1, 6)], options("Reducer")),
    "reduce_min": Case("REDUCE_MIN", [ROWS, i32([0])], [(7,)], options("Reducer")),
    "reduce_prod": Case("REDUCE_PROD", [ROWS, i32([1])], [(3,)], options("Reducer")),
    "arg_max": Case(
        "ARG_MAX", [IMAGE, i32(3)], [IMAGE[:3]], options("ArgMax", outputType=2), into=[np.int32]
    ),
    "arg_min": Case(
        "ARG_MIN", [ROWS, i32(0)], [(7,)], options("ArgMin", outputType=4), into=[np.int64]
    ),
    "topk": Case("TOPK_V2", [ROWS, i32(3)], [(3, 3), (3, 3)], into=[np.float32, np.int32]),
}
_UNARY = """
    ABS CEIL COS ELU EXP FLOOR HARD_SWISH LOG LOGISTIC NEG RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1
    ROUND RSQRT SIGN SIN SQRT SQUARE TANH
"""
_COMPARISONS = "EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL"
for _name in _UNARY.split():
    CASES[_name.lower()] = Case(_name, [IMAGE], [IMAGE])
for _name in _COMPARISONS.split():
    CASES[_name.lower()] = Case(_name, [ROWS, ROWS], [ROWS], of=np.int32, into=[np.bool_])
for _name in ("LOGICAL_AND", "LOGICAL_OR"):
    CASES[_name.lower()] = Case(_name, [ROWS, ROWS], [ROWS], of=np.bool_)
CASES["logical_not"] = Case("LOGICAL_NOT", [ROWS], [ROWS], of=np.bool_)
for _kind, _corners, _centres in (("asymmetric", 0, 0), ("corners", 1, 0), ("centres", 0, 1)):
    for _op in ("Bilinear", "NearestNeighbor"):
        CASES[f"resize {_op} {_kind}"] = Case(
            "RESIZE_" + {"Bilinear": "BILINEAR"}.get(_op, "NEAREST_NEIGHBOR"),
            [IMAGE, i32([13, 4])],
            [(1, 13, 4, 5)],
            options(f"Resize{_op}", alignCorners=bool(_corners), halfPixelCenters=bool(_centres)),
        )

SCALE, ZERO = 0.05, 3
"""Of the integers that quantised operators read."""
QUANTISED: dict[str, tuple[float, int]] = {
    "add": (0.08, 2),
    "add a channel's": (0.06, -5),
    "add and relu": (0.04, -128),
    "average pool": (SCALE, ZERO),
    "batch_matmul, turned": (0.2, 0),
    "concatenation": (SCALE, ZERO),
    "conv": (0.2, -10),
    "conv with strides": (0.2, -10),
    "depthwise": (0.1, 4),
    "dilated conv and relu6": (6 / 255, -128),
    "fully_connected": (0.2, 1),
    "fully_connected that keeps axes": (0.2, 1),
    "hard_swish": (0.03, -110),
    "leaky_relu": (0.04, -60),
    "logistic": (1 / 256, -128),
    "max pool": (SCALE, ZERO),
    "mean of an image": (0.02, 3),
    "mul": (0.1, 0),
    "pad": (SCALE, ZERO),
    "resize Bilinear centres": (SCALE, ZERO),
    "reshape": (SCALE, ZERO),
    "slice": (SCALE, ZERO),
    "softmax": (1 / 256, -128),
    "split": (SCALE, ZERO),
    "tanh": (1 / 128, 0),
    "transpose": (SCALE, ZERO),
    "transposed conv": (0.2, -10),
}
"""Operators that are tried with integers of 8 bits; scale and zero of what they compute."""


def quantise(name: str) -> bytes:
    """Return a case with integers of 8 bits; kernels have a scale for each channel."""
    case, (scale, zero) = CASES[name], QUANTISED[name]
    net = Net()
    inputs = []
    weights: Quantised | None = None
    for one in case.inputs:
        if isinstance(one, tuple):
            inputs.append(net.input(*one, dtype=np.int8, scale=Quantised([SCALE], [ZERO])))
        elif one.dtype != np.float32:
            inputs.append(net.constant(one))
        elif weights is not None:  # a bias
            scales = [SCALE * number for number in weights.scales]
            bias = np.round(one / scales).astype(np.int32)
            inputs.append(net.constant(bias, Quantised(scales, [0] * len(scales))))
        else:
            weights = _scales(one, case.operator)
            shape = [-1 if axis == weights.axis else 1 for axis in range(one.ndim)]
            steps = np.round(one / np.reshape(weights.scales, shape))
            inputs.append(net.constant(steps.astype(np.int8), weights))
    outputs = [
        net.output(*shape, dtype=np.int8, scale=Quantised([scale], [zero]))
        for shape in case.outputs
    ]
    net.operator(case.operator, inputs, outputs, case.options)
    return net.write()


def _scales(weights: Array, operator: str) -> Quantised:
    """Return a scale for each channel of a kernel, and one for other weights."""
    if "CONV" not in operator:
        return Quantised([float(abs(weights).max() / 127)], [0])
    axis = 3 if operator == "DEPTHWISE_CONV_2D" else 0
    largest = abs(weights).max(tuple(i for i in range(4) if i != axis))
    return Quantised((largest / 127).tolist(), [0] * len(largest), axis)
