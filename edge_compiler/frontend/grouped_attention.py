"""GroupQueryAttention: attention of language models, where several queries share keys."""

from __future__ import annotations

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.frontend.heads import as_heads, merged, NEVER, part
from edge_compiler.frontend.writer import Writer

_UNSUPPORTED = {11: "head_sink", 12: "k_scale", 14: "q_norm_weight", 16: "query_seqlens"}
"""Inputs that ask for more than attention, by their index."""


def write_grouped_attention(w: Writer) -> tuple[str, str, str]:
    """
    Write it with keys and values that were kept from earlier runs.

    How many of them there are is computed in the model (``seqlens_k``), so that their rows are
    gathered: those that were kept, those of this run, and zeros.
    """
    _refuse_variants(w)
    _, key, _, past_k, past_v, counts, _, cosines, sines, _, scores = (w.inputs + [""] * 11)[:11]
    images, tokens = w.value(0).shape[:2]
    kept = w.value(3).shape[2] if past_k else 0
    total = int(w.known(6).item())
    begins = tokens == total
    last = w.add("Reshape", w.add("Cast", counts, to=7), w.integers([images, 1]))
    before = w.add("Sub", last, w.constant(np.int64(tokens - 1)))
    if begins:
        before = w.constant(np.zeros((images, 1), np.int64))
    places = w.add("Add", before, w.constant(np.arange(tokens)[None]))
    q, k, v = _queries_keys_values(w, packed=not key)
    heads, shared = w.attributes["num_heads"], w.attributes["kv_num_heads"]
    if w.attributes.get("do_rotary"):
        turns = _turns(w, places, begins)
        q = _turned(w, q, (cosines, sines, turns), heads)
        k = _turned(w, k, (cosines, sines, turns), shared)
    q = as_heads(w, q, images, tokens, heads)
    k, v = (as_heads(w, name, images, tokens, shared) for name in (k, v))
    if past_k and past_v:
        rows = _rows(w, before, kept, tokens, max(kept, total))
        k, v = (_gathered(w, p, new, rows) for p, new in ((past_k, k), (past_v, v)))
    mask = _mask(w, places, last, total)
    if scores:
        mask = w.add("Add", mask, scores)
    how = {n: w.attributes[n] for n in ("scale", "softcap") if w.attributes.get(n)}
    seen = (part(w, name, 0, total, 2) for name in (k, v))
    return merged(w, w.add("Attention", q, *seen, mask, **how), images, tokens), k, v


def _refuse_variants(w: Writer) -> None:
    asked = [n for n in ("smooth_softmax", "sliding_window_cache") if w.attributes.get(n, 0) > 0]
    asked += [name for i, name in _UNSUPPORTED.items() if i < len(w.inputs) and w.inputs[i]]
    if asked:
        raise CompileError(
            f"node '{w.name}' ({w.op}) has {' and '.join(asked)}, which is not supported: "
            "export the model without it"
        )


def _queries_keys_values(w: Writer, *, packed: bool) -> list[str]:
    if not packed:
        return w.inputs[:3]
    heads, shared = w.attributes["num_heads"], w.attributes["kv_num_heads"]
    size = w.value(0).shape[2] // (heads + 2 * shared)
    ends = [heads * size, (heads + shared) * size, (heads + 2 * shared) * size]
    starts = [0, *ends[:2]]
    return [part(w, w.inputs[0], *limits, 2) for limits in zip(starts, ends, strict=True)]


def _turns(w: Writer, places: str, begins: bool) -> str:
    """Return the places by which tokens are turned; of a prompt only the first is read."""
    if len(w.inputs) < 10 or not w.inputs[9]:
        return places
    if not begins:
        return w.inputs[9]
    first = part(w, part(w, w.inputs[9], 0, 1, 0), 0, 1, 1)
    return w.add("Add", places, first)


def _turned(w: Writer, x: str, tables: tuple[str, str, str], heads: int) -> str:
    how = {"interleaved": w.attributes.get("rotary_interleaved", 0), "num_heads": heads}
    turned = 2 * w.value(7).shape[1]
    return w.add("RotaryEmbedding", x, *tables, rotary_embedding_dim=turned, **how)


def _rows(w: Writer, before: str, kept: int, tokens: int, length: int) -> str:
    """Return, for each row that is kept now, its place in what was kept, is new, or is zero."""
    rows = w.constant(np.arange(length)[None])
    later = w.add("Add", w.add("Sub", rows, before), w.constant(np.int64(kept)))
    later = w.add("Min", later, w.constant(np.int64(kept + tokens)))
    return w.add("Where", w.add("Less", rows, before), rows, later)


def _gathered(w: Writer, past: str, new: str, rows: str) -> str:
    """Return the rows of each image, of what was kept and what is new."""
    images, heads, _, size = w.of(past).shape
    zero = w.constant(np.zeros((images, heads, 1, size), np.float32))
    whole = w.add("Concat", past, new, zero, axis=2)
    found = [
        w.add(
            "Gather",
            part(w, whole, image, image + 1, 0),
            w.add("Squeeze", part(w, rows, image, image + 1, 0), w.integers([0])),
            axis=2,
        )
        for image in range(images)
    ]
    return found[0] if images == 1 else w.add("Concat", *found, axis=0)


def _mask(w: Writer, places: str, last: str, total: int) -> str:
    """Return what is added to scores: [images, 1, tokens, total]."""
    keys, end = w.constant(np.arange(total)[None, None]), w.integers([2])
    here = w.add("Unsqueeze", places, end)
    if w.attributes.get("causal", 1):
        seen = w.add("LessOrEqual", keys, here)
        if (window := w.attributes.get("local_window_size", -1)) > 0:
            first = w.add("Sub", here, w.constant(np.int64(window)))
            seen = w.add("And", seen, w.add("Greater", keys, first))
    else:
        seen = w.add("LessOrEqual", keys, w.add("Unsqueeze", last, end))
    added = w.add("Where", seen, w.constant(np.float32(0)), w.constant(np.float32(NEVER)))
    return w.add("Unsqueeze", added, w.integers([1]))
