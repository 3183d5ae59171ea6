"""
Special numbers, and what operators make of them: what ONNX Runtime does.

Some operators of ONNX Runtime are inconsistent about NaN, and one about equal numbers; ``DEFINED``
has them as ONNX defines them. Three kinds of convolution mix channels or pixels that others keep
apart, the third as it multiplies pixels in pairs, the last with a weight of zero; a cubic Resize
reads a pixel of the edge once with the sum of its weights, and a sample of a region may lie on a
pixel, or a rounding beside it; ``WIDER`` lists them: what is NaN or infinite in ONNX Runtime is
never finite there, but more may be NaN, and what is NaN infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from operator_models import Built, OPERATOR_MODELS
from small_models import Array, small_inputs

from edge_perception.runtime.manifest import HALF_POINTS, HALF_SUMS

SPECIAL = {
    "nan": np.nan,
    "infinity": np.inf,
    "minus infinity": -np.inf,
    "denormal": 1e-40,
    "minus zero": -0.0,
    "tiny": 1e-20,
    "overflows exp": 104.0,
    "underflows exp": -104.0,
    "huge": 1e30,
    "minus huge": -1e30,
}
TOLERANCE = 5e-5  # relative to the largest number; Winograd's way is the least exact
ROUNDED = 2**-4  # the same, where what is multiplied is rounded to the 8 digits of bfloat16
_IN_FLOAT16 = {HALF_SUMS, *HALF_POINTS.values()}
HUGE = 1e20  # results of what is far beyond float16's largest number

PATCH = 5  # pixels from one corner of the largest of Winograd's patches to the other
EVERYWHERE = 24  # in an image: Strassen's method mixes pixels half of it apart
WIDER = {
    "winograd": PATCH,
    "winograd_large": PATCH,
    "winograd_of_half": PATCH,
    "winograd_of_full": PATCH,
    "winograd_residual": PATCH,
    "images_winograd": PATCH,
    "half_winograd": PATCH,
    "half_winograd_4": PATCH,
    "strassen": EVERYWHERE,
    "strassen_strided": EVERYWHERE,
    "strassen_half": EVERYWHERE,
    "strassen_residual": EVERYWHERE,
    "half_phases_large": 2 * PATCH,
    "half_planes": 1,
    "half_winograd_large": PATCH,
    "multiplier": 0,
    "grouped": 0,
    "grouped_residual": 0,
    "half_grouped": 0,
    "transposed_dilated": 0,
    "transposed_few": 1,
    "transposed_far": 0,
    "line_few": 2,
    "cubic": 0,
    "volume_grouped": 0,
    "regions_old": 0,
}
"""Outputs that may be NaN in other channels too, and so many pixels further."""

# what is bounded does not show what became infinite, and magnifies errors relative to the bound;
# of low scores ONNX Runtime isn't exact; in a chain the wider results of one layer go through the
# next; integers are never special; ONNX Runtime's GRU, LSTM and TopK forget a NaN
_INTEGERS = ("integers", "typed_moves", "quantised", "signed_bytes")
_LEFT_OUT = ("bounded", "heads", "chain", *_INTEGERS, "sequences", "lookups")
APART = [name for name in OPERATOR_MODELS if name not in _LEFT_OUT]


def lrn(x: Array, size: int, alpha: float, beta: float = 0.75, bias: float = 1.0) -> Array:
    """ONNX Runtime adds and subtracts squares as it goes: a NaN never leaves its sum again."""
    reach = (size - 1) // 2
    squares = np.pad(x * x, [(0, 0), (reach, reach), (0, 0), (0, 0)])
    total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
    return x / (bias + np.float32(alpha / size) * total) ** np.float32(beta)


def max_pool(
    x: Array,
    kernel_shape: Sequence[int],
    strides: Sequence[int] = (),
    dilations: Sequence[int] = (),
    pads: Sequence[int] = (),
) -> Array:
    """ONNX Runtime forgets a NaN, and what stands before it, when the window goes on."""
    rank = len(kernel_shape)
    before, after = (pads or [0] * 2 * rank)[:rank], (pads or [0] * 2 * rank)[rank:]
    edges = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    padded = np.pad(x, edges, constant_values=-np.inf)
    apart = dilations or [1] * rank
    spans = [(k - 1) * d + 1 for k, d in zip(kernel_shape, apart, strict=True)]
    sides = tuple(range(2, 2 + rank))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=sides)
    steps = (1, 1, *(strides or [1] * rank), *apart)
    return windows[tuple(slice(None, None, step) for step in steps)].max(
        axis=tuple(range(-rank, 0))
    )


def instance_norm(x: Array, scale: Array, shift: Array, epsilon: float) -> Array:
    """ONNX Runtime's mean of equal numbers is another one, which a small deviation magnifies."""
    sides = tuple(range(2, x.ndim))
    origin = x.reshape(*x.shape[:2], -1)[..., :1].reshape(*x.shape[:2], *[1] * len(sides))
    centred = x - (origin + (x - origin).mean(sides, keepdims=True))
    variance = (centred**2).mean(sides, keepdims=True)
    column = (-1, *[1] * len(sides))
    factor = scale.reshape(column) / np.sqrt(variance + np.float32(epsilon))
    return centred * factor + shift.reshape(column)


def extreme(of: np.ufunc) -> Callable[..., Array]:
    """ONNX Runtime forgets a NaN, when other numbers follow."""

    def reduced(x: Array, axes: Array | None = None) -> Array:
        return of.reduce(x, None if axes is None else tuple(axes.tolist()), keepdims=True)

    return reduced


DEFINED: dict[str, Callable[..., Array]] = {
    "GlobalMaxPool": lambda x: x.max(axis=tuple(range(2, x.ndim)), keepdims=True),
    "InstanceNormalization": instance_norm,
    "LRN": lrn,
    "MaxPool": max_pool,
    "ReduceMax": extreme(np.maximum),
    "ReduceMin": extreme(np.minimum),
}


def expected_results(built: Built, feeds: dict[str, Array]) -> dict[str, Array]:
    """Return the outputs of ONNX Runtime, or those of the definition."""
    expected = built.reference(feeds)
    known = {t.name: onnx.numpy_helper.to_array(t) for t in built.proto.graph.initializer} | feeds
    for node in built.proto.graph.node:
        if node.op_type in DEFINED:
            attributes: dict[str, Any] = {
                a.name: onnx.helper.get_attribute_value(a) for a in node.attribute
            }
            with np.errstate(all="ignore"):
                expected[node.output[0]] = DEFINED[node.op_type](
                    *map(known.__getitem__, node.input), **attributes
                )
    return expected


def results(built: Built, feeds: dict[str, Array]) -> Iterator[tuple[str, Array, Array, float]]:
    """Yield each output of each variant: its name, what it is and should be, and the tolerance."""
    expected = expected_results(built, feeds)
    halved = {step.value for step in built.model.steps if step.rounds in _IN_FLOAT16}
    for variant in built.variants:
        rounds = variant in built.model.rounding_variants
        tolerance = ROUNDED if rounds else TOLERANCE
        for name, array in built.run(variant, feeds).items():
            due = expected[name]
            if rounds and name in halved:
                due = in_float16(due, array)
            yield name, array, due, tolerance


def in_float16(expected: Array, ours: Array) -> Array:
    """Return what becomes of what float16 has no place for: nothing finite, as two may meet."""
    infinite = np.where(np.isfinite(ours), np.float32(np.inf), ours)
    return np.where(np.abs(expected) > HUGE, infinite, expected)


def spread(mask: Array, reach: int) -> Array:
    """Return the mask of all channels of the pixels that are at most ``reach`` away."""
    pixels = np.pad(mask.any(axis=(0, 1)), reach)
    window = (2 * reach + 1,) * pixels.ndim
    windows = np.lib.stride_tricks.sliding_window_view(pixels, window)
    near = windows.any(axis=tuple(range(-pixels.ndim, 0)))
    return np.broadcast_to(near, mask.shape)


def assert_like(
    name: str, ours: Array, theirs: Array, tolerance: float, *, numbers: bool = True
) -> None:
    """Compare NaN, infinities and (unless told not to) numbers; integers must be equal."""
    if theirs.dtype.kind != "f":
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
        return
    finite = np.isfinite(theirs)
    if name in WIDER:
        assert not np.any(np.isfinite(ours[~finite])), f"{name}: silently finite"
        near = spread(~finite, WIDER[name])
        assert np.all(np.isfinite(ours[~near])), f"{name}: NaN spreads too far"
        finite &= np.isfinite(ours)
    else:
        np.testing.assert_array_equal(ours[~finite], theirs[~finite], err_msg=name)
        assert np.all(np.isfinite(ours[finite])), name
    if not numbers:
        return
    largest = np.abs(theirs[finite]).max(initial=np.finfo(np.float32).tiny)
    assert np.abs(ours[finite] - theirs[finite]).max(initial=0) <= tolerance * largest, name


def is_turned(built: Built, name: str, special: float) -> bool:
    """Return whether an output is the sine of a sum so large that its rounding is many turns."""
    (node,) = (node for node in built.proto.graph.node if name in node.output)
    inputs = {value.name for value in built.proto.graph.input}
    huge = 1e30 <= abs(special) < np.inf
    return node.op_type in ("Sin", "Cos") and huge and node.input[0] not in inputs


def assert_kept(built: Built, special: float) -> None:
    """Compare what becomes of a special number at two places of inputs that are ordinary."""
    feeds = small_inputs(built.model.inputs)
    for array in feeds.values():
        if array.dtype.kind == "f":
            array.flat[[5, array.size // 2 + 3]] = special
    for result in results(built, feeds):
        assert_like(*result)
