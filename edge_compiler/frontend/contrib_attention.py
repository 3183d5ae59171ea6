"""Attention as ONNX Runtime's optimiser fuses it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.contrib_quantised import product_of_integers
from edge_compiler.frontend.grouped_attention import write_grouped_attention
from edge_compiler.frontend.heads import as_heads, merged, NEVER, part
from edge_compiler.frontend.writer import Writer


def _write_attention(w: Writer) -> tuple[str, str]:
    """Write attention whose queries, keys and values are products of one input."""
    x, weights, bias, _, _, scores = (w.inputs + [""] * 6)[:6]
    product = w.add("MatMul", x, weights)
    if bias:
        product = w.add("Add", product, bias)
    return _attend_to_itself(w, product, 3, 4, scores)


def _write_attention_of_integers(w: Writer) -> tuple[str, str]:
    """Write the same with an input and weights that are integers."""
    x, weights, bias, scale, weights_scale, _, zero, weights_zero = (w.inputs + [""] * 8)[:8]
    zero = zero or w.constant(np.zeros((), w.value(0).type.numpy))
    sides = (x, scale, zero), (weights, weights_scale, weights_zero)
    return _attend_to_itself(w, product_of_integers(w, *sides, bias), 5, 8, "")


def _attend_to_itself(
    w: Writer, product: str, mask: int, past: int, scores: str
) -> tuple[str, str]:
    """
    Write what follows the product with the weights of queries, keys and values.

    :param mask: its input's index.
    :param past: that of earlier keys and values.
    :param scores: what is added to them; "" if nothing is.
    """
    images, tokens = w.value(0).shape[:2]
    heads, width = w.attributes["num_heads"], w.value(1).shape[1]
    sizes = list(w.attributes.get("qkv_hidden_sizes", ())) or [width // 3] * 3
    ends = np.cumsum(sizes)
    q, k, v = (
        as_heads(w, part(w, product, int(end) - size, int(end), 2), images, tokens, heads)
        for size, end in zip(sizes, ends, strict=True)
    )
    given = [bool(name) for name in w.inputs] + [False] * 9
    before = 0
    if given[past]:
        before = w.value(past).shape[3]
        first, second = (
            w.add("Squeeze", part(w, w.inputs[past], i, i + 1, 0), w.integers([0])) for i in (0, 1)
        )
        k, v = w.add("Concat", first, k, axis=2), w.add("Concat", second, v, axis=2)
    added = _score_bias(w, mask if given[mask] else None, scores, tokens, before + tokens)
    result = merged(w, _attend(w, q, k, v, added), images, tokens)
    zero = w.integers([0])
    both = (w.add("Unsqueeze", x, zero) for x in (k, v))
    return result, w.add("Concat", *both, axis=0)


def _write_multi_head_attention(w: Writer) -> tuple[str, str, str]:
    """Write attention between given queries, keys and values."""
    q, k, v, bias, mask, scores, past_k, past_v = (w.inputs + [""] * 8)[:8]
    if not k or not v or len(w.value(0).shape) != 3:
        raise CompileError(
            f"node '{w.name}' ({w.op}) has queries, keys and values packed into one tensor: "
            "save the model before ONNX Runtime optimises it"
        )
    images, tokens = w.value(0).shape[:2]
    heads, names, start = w.attributes["num_heads"], [], 0
    for index, name in enumerate((q, k, v)):
        shape = w.value(index).shape
        if len(shape) == 4:  # heads already, as other layers keep them
            names.append(name)
            continue
        if bias:
            name = w.add("Add", name, part(w, bias, start, start + shape[2], 0))
            start += shape[2]
        names.append(as_heads(w, name, images, shape[1], heads))
    q, k, v = names
    keys = w.value(1).shape[-2 if len(w.value(1).shape) == 4 else 1]
    if past_k and past_v:
        keys += w.value(6).shape[2]
        k, v = w.add("Concat", past_k, k, axis=2), w.add("Concat", past_v, v, axis=2)
    added = _score_bias(w, 4 if mask else None, scores, tokens, keys)
    return merged(w, _attend(w, q, k, v, added), images, tokens), k, v


REWRITES: dict[str, Callable[[Writer], str | tuple[str, ...] | None]] = {
    "Attention": _write_attention,
    "GroupQueryAttention": write_grouped_attention,
    "MultiHeadAttention": _write_multi_head_attention,
    "QAttention": _write_attention_of_integers,
}


def _attend(w: Writer, q: str, k: str, v: str, bias: str) -> str:
    scale = w.attributes.get("scale", 0.0)
    how = {"scale": scale} if scale else {}
    return w.add("Attention", q, k, v, *([bias] if bias else []), **how)


def _score_bias(w: Writer, mask: int | None, scores: str, tokens: int, keys: int) -> str:
    """Return what is added to the scores of keys: for a mask, a bias and what comes later."""
    terms = [scores] if scores else []
    if mask is not None:
        kept = _kept(w, mask, keys)
        filtered = w.constant(np.float32(w.attributes.get("mask_filter_value", -10000.0)))
        terms.append(w.add("Mul", w.add("Sub", w.constant(np.float32(1)), kept), filtered))
    if w.attributes.get("unidirectional"):
        seen = np.tri(tokens, keys, keys - tokens, dtype=bool)
        terms.append(w.constant(np.where(seen, 0, NEVER).astype(np.float32)))
    if not terms:
        return ""
    total = terms[0]
    for term in terms[1:]:
        total = w.add("Add", total, term)
    return total


def _kept(w: Writer, index: int, keys: int) -> str:
    """Return 1 for each key that a mask keeps and 0 for the others, as broadcasts to scores."""
    shape, name = w.value(index).shape, w.inputs[index]
    images = w.value(0).shape[0]
    if len(shape) == 1:
        if shape[0] != images:
            raise CompileError(
                f"node '{w.name}' ({w.op}) has a mask of shape {list(shape)} for {images} "
                f"input(s): give it the mask of shape [{images}, {keys}] that it was made of"
            )
        places = w.constant(np.arange(keys, dtype=np.int32)[None])
        kept = w.add("Less", places, w.add("Unsqueeze", name, w.integers([1])))
        name, shape = kept, (images, keys)
    number = w.add("Cast", name, to=onnx.TensorProto.FLOAT)
    axes = {2: [1, 2], 3: [1]}.get(len(shape))
    return w.add("Unsqueeze", number, w.integers(axes)) if axes else number
