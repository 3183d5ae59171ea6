"""What a step reads, wherever it lies: in the arena or among the weights."""

from __future__ import annotations

from dataclasses import dataclass

from edge_compiler.ir.graph import Value
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Pointer, reading
from edge_compiler.targets.program.layout import DENSE
from edge_compiler.targets.program.lowering import Lowering


@dataclass(frozen=True, eq=False)
class Data:
    """
    A buffer of the arena, or a constant.

    :ivar weight_bytes: of the constant.
    """

    place: Buffer | Pointer
    weight_bytes: int = 0

    @classmethod
    def of(cls, low: Lowering, value: Value) -> Data:
        """Return where a value lies in row-major order."""
        if value.constant is None:
            return cls(low.source(value, DENSE))
        return cls(low.weights.add(value.constant), value.bytes)

    @property
    def reads(self) -> list[Buffer]:
        """The buffer, if it is one."""
        return [self.place] if isinstance(self.place, Buffer) else []

    def pointer(self) -> Pointer:
        """Return where it begins, once all buffers have their place."""
        return reading(self.place) if isinstance(self.place, Buffer) else self.place
