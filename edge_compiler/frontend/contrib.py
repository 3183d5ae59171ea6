"""
Operators that ONNX Runtime adds to those of ONNX, written as ONNX's own.

Its optimiser and its quantiser put them into the files that they save. What they mean is said by
ONNX Runtime's ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend import contrib_attention, contrib_quantised
from edge_compiler.frontend.writer import Writer

CONTRIB = "com.microsoft"
"""Their domain."""
IN_ONNX_DOMAIN = ("SimplifiedLayerNormalization",)
"""Those that ONNX Runtime writes as if they were ONNX's."""

_PARAMETERS = {"Clip": 2, "HardSigmoid": 2, "LeakyRelu": 1, "Relu": 0, "Sigmoid": 0, "Tanh": 0}
"""Of the functions that are fused with what is before them."""


def _activated(w: Writer, x: str, parameters: list[float]) -> str:
    """Add the function that a node ends with, if it has one."""
    function: str = w.attributes.get("activation", b"").decode()
    if not function:
        return x
    if function not in _PARAMETERS:
        raise CompileError(
            f"node '{w.name}' ({w.op}) ends with the function {function}, which is not supported: "
            "save the model before ONNX Runtime optimises it"
        )
    given = parameters[: _PARAMETERS[function]]
    if function == "Clip":
        return w.add("Clip", x, *(w.constant(np.float32(bound)) for bound in given))
    return w.add(function, x, **dict(zip(("alpha", "beta"), given, strict=False)))


def _fused_conv(w: Writer) -> str:
    own = ("activation", "activation_params")
    window = {name: value for name, value in w.attributes.items() if name not in own}
    total = w.add("Conv", *w.inputs[:3], **window)
    if len(w.inputs) > 3:
        total = w.add("Add", total, w.inputs[3])
    return _activated(w, total, list(w.attributes.get("activation_params", ())))


def _fused_gemm(w: Writer) -> str:
    own = {n: v for n, v in w.attributes.items() if not n.startswith("activation")}
    parameters = [w.attributes.get(f"activation_{name}", 0.0) for name in ("alpha", "beta")]
    return _activated(w, w.add("Gemm", *w.inputs, **own), parameters)


def _turned(w: Writer, index: int, side: str) -> str:
    """Return a matrix, or many, as a node multiplies it."""
    order = list(range(len(w.value(index).shape)))
    if len(order) < 2:
        return w.inputs[index]
    if w.attributes.get(f"transBatch{side}"):
        order = [*order[1:-1], 0, order[-1]]
    if w.attributes.get(f"trans{side}"):
        order[-2:] = order[:-3:-1]
    return w.add("Transpose", w.inputs[index], perm=order)


def _fused_matmul(w: Writer) -> str:
    product = w.add("MatMul", _turned(w, 0, "A"), _turned(w, 1, "B"))
    return w.add("Mul", product, w.constant(np.float32(w.attributes.get("alpha", 1.0))))


def _gelu(w: Writer) -> str:
    x = w.add("Add", *w.inputs) if len(w.inputs) > 1 else w.inputs[0]
    return w.add("Gelu", x, approximate="tanh" if w.op == "FastGelu" else "none")


def _quick_gelu(w: Writer) -> str:
    slope = w.constant(np.float32(w.attributes.get("alpha", 1.702)))
    return w.add("Mul", w.inputs[0], w.add("Sigmoid", w.add("Mul", w.inputs[0], slope)))


def _simplified_norm(w: Writer) -> tuple[str, str]:
    how = {name: w.attributes[name] for name in ("axis", "epsilon") if name in w.attributes}
    return w.add("RMSNormalization", *w.inputs, **how), ""


def _skip_norm(w: Writer) -> tuple[str, str, str, str]:
    """Normalise the sum of two tensors, and of a bias."""
    simple = w.op == "SkipSimplifiedLayerNormalization"
    factors, bias = (w.inputs[2:3], w.inputs[3:4]) if simple else (w.inputs[2:4], w.inputs[4:5])
    total = w.add("Add", w.inputs[0], w.inputs[1])
    for name in bias:
        total = w.add("Add", total, name)
    norm = "RMSNormalization" if simple else "LayerNormalization"
    epsilon = w.attributes.get("epsilon", 1e-12)
    return w.add(norm, total, *filter(None, factors), axis=-1, epsilon=epsilon), "", "", total


def _embed_norm(w: Writer) -> tuple[str, str, str]:
    """Normalise the sum of what stands for a word, its place and its segment."""
    inputs = w.inputs + [""] * 9
    return _embedded(w, inputs[2:7], inputs[7], inputs[8])


def _embed_norm_of_integers(w: Writer) -> tuple[str, str]:
    """Write the same with tables of integers: scales follow the mask, then zero points."""
    tables = [
        w.add("DequantizeLinear", w.inputs[i], w.inputs[i + 6], w.inputs[i + 11]) if given else ""
        for i, given in enumerate(w.inputs[2:7], 2)
    ]
    return _embedded(w, tables, w.inputs[7], "")[:2]


def _embedded(w: Writer, tables: list[str], mask: str, positions: str) -> tuple[str, str, str]:
    """
    Write the sum of rows of tables, its norm, and how many words the mask keeps.

    :param tables: of words, places and segments, then the norm's factors and summands.
    """
    ids, segments = w.inputs[:2]
    words, places, of_segments, scale, shift = tables
    images, tokens = w.value(0).shape
    if positions:
        place = w.add("Gather", places, positions)
    else:
        place = w.add("Slice", places, w.integers([0]), w.integers([tokens]), w.integers([0]))
    total = w.add("Add", w.add("Gather", words, ids), place)
    if segments:
        total = w.add("Add", total, w.add("Gather", of_segments, segments))
    epsilon = w.attributes.get("epsilon", 1e-12)
    normal = w.add("LayerNormalization", total, scale, shift, axis=-1, epsilon=epsilon)
    if mask:
        counts = w.add("ReduceSum", mask, w.integers([1]), keepdims=0)
    else:
        counts = w.constant(np.zeros(images, np.int32))
    return normal, counts, total


def _grid_sample(w: Writer) -> str:
    names = {b"bilinear": "linear", b"bicubic": "cubic"}
    mode = w.attributes.get("mode", b"bilinear")
    return w.add("GridSample", *w.inputs, **w.attributes | {"mode": names.get(mode, mode)})


def _rotary(w: Writer) -> str:
    """Turn pairs of numbers by what stands in tables for their places."""
    shape, positions, half = w.value(0).shape, w.inputs[1], w.value(2).shape[1]
    tokens = shape[-2] if len(shape) == 4 else shape[1]
    if len(w.value(1).shape) == 1:  # the first place
        places = w.constant(np.arange(tokens, dtype=np.int64)[None])
        positions = w.add("Add", w.add("Reshape", positions, w.integers([1, 1])), places)
        positions = w.add("Expand", positions, w.integers([shape[0], tokens]))
    how = {n: w.attributes.get(n, 0) for n in ("interleaved", "rotary_embedding_dim", "num_heads")}
    how["num_heads"] = how["num_heads"] or (shape[-1] // (2 * half) if len(shape) == 3 else 0)
    return w.add("RotaryEmbedding", w.inputs[0], *w.inputs[2:4], positions, **how)


def _expand_dims(w: Writer) -> str:
    return w.add("Unsqueeze", w.inputs[0], w.integers([int(w.known(1).item())]))


def _itself(w: Writer) -> str:
    """Write the operator of ONNX that has the same name and meaning."""
    return w.add(w.op, *w.inputs, **w.attributes)


CONTRIB_REWRITES: dict[str, Callable[[Writer], str | tuple[str, ...] | None]] = {
    **contrib_attention.REWRITES,
    **contrib_quantised.REWRITES,
    "BiasGelu": _gelu,
    "DequantizeLinear": _itself,
    "EmbedLayerNormalization": _embed_norm,
    "ExpandDims": _expand_dims,
    "FastGelu": _gelu,
    "FusedConv": _fused_conv,
    "FusedGemm": _fused_gemm,
    "FusedMatMul": _fused_matmul,
    "Gelu": _gelu,
    "GatherND": _itself,
    "GridSample": _grid_sample,
    "Pad": _itself,
    "QEmbedLayerNormalization": _embed_norm_of_integers,
    "QuantizeLinear": _itself,
    "QuickGelu": _quick_gelu,
    "Range": _itself,
    "RotaryEmbedding": _rotary,
    "SimplifiedLayerNormalization": _simplified_norm,
    "SkipLayerNormalization": _skip_norm,
    "SkipSimplifiedLayerNormalization": _skip_norm,
    "TransposeMatMul": _fused_matmul,
    "Trilu": _itself,
}
"""As ``REWRITES``; an output that is "" is not supported."""


def is_contrib(node: onnx.NodeProto) -> bool:
    """Return whether a node is one of these operators."""
    return node.domain == CONTRIB and node.op_type in CONTRIB_REWRITES
