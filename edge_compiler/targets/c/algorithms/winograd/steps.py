"""The steps of winograd.h, as each instruction set needs them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_compiler.targets.c.algorithms.direct.pairs import (
    PairsStep,
)
from edge_compiler.targets.c.algorithms.winograd.candidates import half_winograd
from edge_compiler.targets.c.choice import Choice, Chooser, Problem, Scheme, Sizes
from edge_compiler.targets.c.layer import Layer, part_sizes
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Call, Field, Pointer, reading, SCRATCH, writing
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import FLOAT16, Variant

_PREFETCH_FLOATS = 512


@dataclass(frozen=True)
class Steps:
    """
    The two steps of a layer, as each instruction set needs them.

    :ivar m: rows and columns of the results of a tile.
    :ivar chunk: tiles that go through both steps together.
    :ivar channels: of the input that one output channel reads.
    :ivar gathered: the points of the input.
    :ivar original: the weights, as for direct convolution; in float16, if they are `half`.
    :ivar raw: they are transformed while the layer runs, not when an instance is made.
    :ivar place: among what is prepared when an instance is made: transformed weights.
    :ivar pairs: the type of those whose points are multiplied, by variants that have it; or "".
    :ivar exponent: of the power of two that the input is multiplied by before.
    :ivar directly: computes the layer without points, for variants with pairs.
    """

    layer: Layer
    chooser: Chooser
    scheme: Scheme
    m: int
    chunk: int
    channels: int
    gathered: Buffer
    original: Pointer
    bias: Pointer
    half: bool
    raw: bool
    place: int
    pairs: str
    exponent: int
    directly: PairsStep | None

    @property
    def problem(self) -> Problem:
        """The convolution."""
        return self.layer.problem(self.channels)

    def prepare(self, variant: Variant) -> Call | None:
        """Bring the weights into the form in which they are read, when an instance is made."""
        if self.directly is not None and variant.pairs:
            return self.directly.prepare
        if self.raw and not self._in_pairs(variant):
            return None
        sizes: Sizes = {"channels": self.channels, "blocks": self.problem.out_blocks}
        in_pairs = int(self._in_pairs(variant))
        fields: dict[str, Field] = {"m": self.m, "half": int(self.half), "pairs": in_pairs}
        pointers = (self.original, Pointer.to("m->prepared", self.place))
        return Call("winograd_weights_prepare", "winograd_weights", fields, pointers, sizes)

    def choose(self, variant: Variant) -> Choice:
        """Return the kernel of the second step."""
        choice = self.chooser.choose(self.problem, variant, self.scheme)
        if self.directly is not None and variant.pairs:
            return replace(choice, candidate=self.directly.kernel)
        if self._in_pairs(variant) and self.pairs == FLOAT16:
            candidate = half_winograd(self.problem, self.m, self.chunk, variant)
            return replace(choice, candidate=candidate)
        return choice

    def transform(self, variant: Variant) -> Call:
        """Transform the input into points; there is nothing to do where none are used."""
        nothing = {"tiles_h": 0} if self.directly is not None and variant.pairs else {}
        constants, sizes = part_sizes({**self._image(), **nothing}, 0, variant)
        pointers = (self.layer.pointers(self.original, self.bias)[0], writing(self.gathered))
        fields: dict[str, Field] = {"m": self.m, **self._numbers(variant), **constants}
        return Call("winograd_points_run", "winograd", fields, pointers, sizes)

    def multiply(self, variant: Variant) -> Call:
        """Multiply the points by the weights, and transform the results back."""
        if self.directly is not None and variant.pairs:
            return self.directly.call(variant)
        layer, target = self.layer, self.layer.target
        as_they_are = self.raw and not self._in_pairs(variant)
        prepared = Pointer.to("m->prepared", self.place, const=True)
        _, *others = layer.pointers(self.original if as_they_are else prepared, self.bias)
        pointers = (reading(self.gathered), *others, SCRATCH)
        candidate = self.choose(variant).candidate
        fields: dict[str, Field] = {
            "m": self.m,
            "raw_weights": int(as_they_are),
            "half": int(as_they_are and self.half),
            **self._numbers(variant),
            "has_residual": int(layer.residual is not None),
            "act": layer.node.fused.activation,
            **candidate.fields,
            "prefetch": 0 if as_they_are else _PREFETCH_FLOATS,
        }
        rows_of_weights = -(-self.channels // (1 + self._in_pairs(variant)))
        sizes: Sizes = {
            **self._image(),
            **layer.channel_sizes(self.channels),
            **layer.image_sizes(),
            "block_weights": count_points(self.m) * rows_of_weights * BLOCK,
            "out_h": target.height,
            "out_w": target.width,
            "out_plane": target.plane,
            **candidate.sizes,
        }
        if as_they_are:  # its tiles are short: each adds up one block of channels
            return Call("winograd_run", "winograd", fields | sizes, pointers)
        constants, sizes = part_sizes(sizes, candidate.fields["blocks"], variant)
        return Call("winograd_run", "winograd", fields | constants, pointers, sizes)

    def _in_pairs(self, variant: Variant) -> bool:
        return bool(self.pairs and variant.pairs)

    def _numbers(self, variant: Variant) -> dict[str, Field]:
        """Return what both steps know of the numbers that are multiplied."""
        in_pairs = self._in_pairs(variant)
        factor = 2.0**self.exponent if self.exponent and in_pairs else 0.0
        return {"pairs": int(in_pairs), "factor": factor}

    def _image(self) -> Sizes:
        """Return what both steps know of the input."""
        source, (rows, columns) = self.layer.source, count_tiles(self.layer.target, self.m)
        return {
            "tiles_h": rows,
            "tiles_w": columns,
            "chunk_tiles": self.chunk,
            "in_blocks": source.blocks,
            "in_plane": source.plane,
            "in_row": source.row,
        }


def count_points(m: int) -> int:
    """Return how many points a tile has."""
    return (m + 2) ** 2


def count_tiles(target: Buffer, m: int) -> tuple[int, int]:
    """Return how many rows and columns of tiles the results have."""
    return -(-target.height // m), -(-target.width // m)
