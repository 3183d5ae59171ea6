"""Models of arithmetic of integers, comparisons and choices."""

from __future__ import annotations

import numpy as np
import onnx
from operator_builder import BOOL, Builder, FLOAT, IMAGE, UINT8, WIDTH

INT8, INT32, INT64 = (onnx.TensorProto.INT8, onnx.TensorProto.INT32, onnx.TensorProto.INT64)

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
    b.add("divisor", "Max", f"b {b.constant(np.int32(1))}")
    b.add("div_computed", "Div", "a divisor")
    b.add("rest_computed", "Mod", "a divisor")
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
