"""Models of operators that move values, look them up, or only rename them."""

from __future__ import annotations

import numpy as np
import onnx
from operator_builder import Builder, CHANNELS, EDGES, FLOAT, HEIGHT, IMAGE, UINT8, WIDTH

INT8, INT16, INT32, INT64 = (
    onnx.TensorProto.INT8,
    onnx.TensorProto.INT16,
    onnx.TensorProto.INT32,
    onnx.TensorProto.INT64,
)


def moves() -> onnx.ModelProto:
    """Operators that move data or only rename it."""
    images = {"x": IMAGE, "y": IMAGE, "z": (1, 16, HEIGHT, WIDTH)}
    b = Builder(**images, p=(2, HEIGHT, WIDTH, CHANNELS), v=(2, 3, 4), w=(4, 3, 1))
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
    b.add("first", "Transpose", "p", perm=[0, 3, 1, 2])
    b.conv("padded", 37, value="first", **EDGES)
    b.add("pixels_last", "Transpose", "padded", perm=[0, 2, 3, 1])
    b.add("bent", "Tanh", "pixels_last")
    b.add("back", "Transpose", "bent", perm=[0, 3, 1, 2])
    b.add("added", "Add", "padded back")
    b.add("last", "Transpose", "framed", perm=[0, 2, 3, 1])
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
    b.add("sampled_constant", "GridSample", f"{b.constant(b.numbers(1, 3, 5, 6))} places")
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
