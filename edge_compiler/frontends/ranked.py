"""Writing ONNX graphs of formats that don't say the shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Array, Builder


class RankedBuilder(Builder):
    """
    A builder that knows how many dimensions tensors have.

    :ivar ranks: of the tensors so far.
    """

    def __init__(self, ranks: Mapping[str, int]) -> None:
        super().__init__()
        self.ranks = dict(ranks)

    def number(self, name: str, value: float) -> str:
        """Add a constant that is one number."""
        return self.constant(name, np.asarray(value, np.float32))

    def add_many(self, op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Add a node of several outputs; it is called as the first."""
        node = helper.make_node(op, inputs, outputs, name=outputs[0], **attributes)
        self.nodes.append(node)

    def cut(
        self, x: str, name: str, begin: list[int], end: list[int] | str, axes: list[int]
    ) -> str:
        """Take a part along axes; ``end`` may be a tensor."""
        bounds = {"begin": begin, "end": end, "axes": axes}
        inputs = [
            value if isinstance(value, str) else self.constant(f"{name}/{key}", np.array(value))
            for key, value in bounds.items()
        ]
        return self.add("Slice", [x, *inputs], name)

    def normalise(
        self, x: str, name: str, output: str, arrays: Sequence[Array], epsilon: float
    ) -> str:
        """
        Add (x - mean) / sqrt(variance + epsilon) * scale + bias.

        :param name: that the constants begin with.
        :param arrays: scale, bias, mean and variance, a number a channel each.
        """
        keys = ("scale", "bias", "mean", "variance")
        constants = [
            self.constant(f"{name}/{key}", array.astype(np.float32))
            for key, array in zip(keys, arrays, strict=True)
        ]
        return self.add("BatchNormalization", [x, *constants], output, epsilon=epsilon)

    def unit(self, x: str, name: str, output: str, axes: list[int], epsilon: float) -> str:
        """Add x / sqrt(sum of its squares along axes + epsilon)."""
        total = self.add("ReduceSumSquare", [x], f"{name}/total", axes=axes)
        limited = self.add("Add", [total, self.number(f"{name}/eps", epsilon)], f"{name}/limited")
        length = self.add("Sqrt", [limited], f"{name}/length")
        return self.add("Div", [x, length], output)

    def prelu(self, x: str, name: str, output: str, slopes: Array) -> str:
        """Multiply what is below zero by a number a channel."""
        ones = (1,) * (self.ranks[x] - 2)
        slope = self.constant(f"{name}/slope", slopes.reshape(-1, *ones))
        return self.add("PRelu", [x, slope], output)

    def infos(
        self, names: Iterable[str], shapes: Mapping[str, tuple[int, ...]] | None = None
    ) -> list[onnx.ValueInfoProto]:
        """Describe inputs or outputs; sizes that aren't given are left open."""
        known = shapes or {}
        return [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, known.get(name, (None,) * self.ranks[name])
            )
            for name in names
        ]
