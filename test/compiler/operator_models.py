"""Small models that together use every operator and kernel, each operator on the input itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
from operator_bytes import dynamic, large_bytes, quantised, signed_bytes
from operator_choices import choices, integers
from operator_functions import activations, arithmetic, bounded, fused, heads
from operator_images import batches, chain, convolutions, halves, lines, volumes, windows
from operator_moves import lookups, moves, typed_moves
from operator_products import attention, matrices, products, sequences, tokens
from small_models import Array, run

from edge_compiler import targets
from edge_compiler.description.describe import Description
from edge_compiler.frontend import load
from edge_compiler.passes import optimise
from edge_perception.runtime.manifest import Model

OPERATOR_MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    make.__name__: make
    for make in (
        convolutions,
        activations,
        fused,
        bounded,
        lines,
        volumes,
        heads,
        arithmetic,
        windows,
        moves,
        products,
        integers,
        choices,
        typed_moves,
        matrices,
        attention,
        halves,
        tokens,
        batches,
        sequences,
        lookups,
        chain,
        quantised,
        signed_bytes,
    )
}

PROVEN_MODELS = {**OPERATOR_MODELS, **{make.__name__: make for make in (dynamic, large_bytes)}}
"""Also what special numbers make nothing of: a range has none; bytes have none."""


def part_of(name: str, output: str) -> onnx.ModelProto:
    """Return the nodes of a model that ``output`` needs."""
    model = PROVEN_MODELS[name]()
    graph = model.graph
    needed = {output}
    nodes = []
    for proto in reversed(graph.node):
        if needed.intersection(proto.output):
            needed.update(proto.input)
            nodes.insert(0, proto)
    for field, kept in (
        (graph.node, nodes),
        (graph.input, [value for value in graph.input if value.name in needed]),
        (graph.output, [value for value in graph.output if value.name == output]),
        (graph.initializer, [tensor for tensor in graph.initializer if tensor.name in needed]),
    ):
        del field[:]
        field.extend(kept)
    return model


class Built:
    """
    A compiled model, not proven, beside ONNX Runtime's results of the same model.

    Used as a context manager, it can be run.

    :ivar library: its file.
    :ivar variants: those that this processor, or the emulated one, can run.
    """

    def __init__(self, proto: onnx.ModelProto, folder: Path, target: str = "host") -> None:
        self.proto = proto
        self._target = targets.get(target)
        self.library = folder / "model.so"
        path = folder / "model.onnx"
        onnx.save(proto, path)
        graph = load(path)
        optimise(graph)
        self.model: Model = self._target.build(
            graph, Description("operators", ""), folder, lambda *_: None
        )

    def __enter__(self) -> Built:
        self._sandbox = self._target.sandbox(self.library)
        self.variants = self._sandbox.variants(self.model)
        return self

    def __exit__(self, *exception: object) -> None:
        self._sandbox.__exit__(*exception)

    def run(self, variant: str, feeds: dict[str, Array]) -> dict[str, Array]:
        """Return the outputs of the library."""
        return self._sandbox.run(variant, 1, feeds)

    def reference(self, feeds: dict[str, Array]) -> dict[str, Array]:
        """Return the outputs of ONNX Runtime."""
        names = (output.name for output in self.model.outputs)
        return dict(zip(names, run(self.proto, feeds), strict=True))
