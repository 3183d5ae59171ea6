"""RotaryEmbedding: pairs of numbers of a token, turned by an angle that its place gives."""

from __future__ import annotations

from edge_compiler.frontend.writer import Writer


def write_rotary_embedding(w: Writer) -> str | None:
    """Write the turn of [B, heads, tokens, D], or of [B, tokens, heads * D]."""
    shape, a = w.value(0).shape, w.attributes
    x, heads_axis = w.inputs[0], 1
    if len(shape) == 3:
        heads = a.get("num_heads", 0)
        if not heads:
            return None
        x, heads_axis = w.add("Reshape", x, w.integers([*shape[:2], heads, -1])), 2
        shape = (*shape[:2], heads, shape[2] // heads)
    turned = a.get("rotary_embedding_dim", 0) or shape[-1]

    def part(start: int, end: int, step: int = 1) -> str:
        limits = (w.integers([number]) for number in (start, end, 3, step))
        return w.add("Slice", x, *limits)

    if a.get("interleaved"):
        first, second = part(0, turned, 2), part(1, turned, 2)
    else:
        first, second = part(0, turned // 2), part(turned // 2, turned)
    cosine, sine = (_of_places(w, index, heads_axis, turned // 2) for index in (1, 2))
    along = w.add("Sub", w.add("Mul", first, cosine), w.add("Mul", second, sine))
    across = w.add("Add", w.add("Mul", first, sine), w.add("Mul", second, cosine))
    if a.get("interleaved"):
        last = w.integers([4])
        pairs = (w.add("Unsqueeze", numbers, last) for numbers in (along, across))
        whole = w.add("Concat", *pairs, axis=4)
        result = w.add("Reshape", whole, w.integers([*shape[:3], turned]))
    else:
        result = w.add("Concat", along, across, axis=3)
    if turned < shape[-1]:
        result = w.add("Concat", result, part(turned, shape[-1]), axis=3)
    return w.add("Reshape", result, w.integers(w.value(0).shape))


def _of_places(w: Writer, index: int, heads_axis: int, half: int) -> str:
    """Write the cosines or sines of each token: with an axis of 1 for the heads."""
    table = w.inputs[index]
    if len(w.inputs) > 3 and w.inputs[3]:
        table = w.add("Gather", table, w.inputs[3], axis=0)
    kept = (w.integers([number]) for number in (0, half, -1))
    return w.add("Unsqueeze", w.add("Slice", table, *kept), w.integers([heads_axis]))
