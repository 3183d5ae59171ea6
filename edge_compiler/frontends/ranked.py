"""Writing ONNX graphs of formats that don't say the shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Builder


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
