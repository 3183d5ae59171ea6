"""What a call of a C kernel is made of: a configuration, pointers, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Activation
from edge_compiler.targets.program.buffers import Buffer
from edge_perception.runtime.dtypes import ElementType, FLOAT32


@dataclass(frozen=True)
class Table:
    """A constant array of the generated code: C type of an element, and the elements as C text."""

    ctype: str
    elements: tuple[str, ...]


Field = int | float | str | Table | tuple[int, ...] | Activation | None
"""The value of a field of a kernel's configuration; None is NULL."""


@dataclass(frozen=True)
class Pointer:
    """
    A pointer argument of a kernel.

    :ivar ctype: its C type.
    :ivar expression: in ``m``, the edge_memory.
    :ivar image: elements from one image to the next in a step that runs for each of several.
    """

    ctype: str
    expression: str
    image: int = 0

    @classmethod
    def to(
        cls,
        base: str,
        position: int,
        type_: ElementType = FLOAT32,
        *,
        const: bool = False,
        image: int = 0,
    ) -> Pointer:
        """Return a pointer to elements of a type, so many bytes behind ``base``."""
        ctype = f"{'const ' * const}{c_type(type_)} *"
        return cls(ctype, f"({ctype})({base} + {position})", image)

    def plus(self, elements: int) -> Pointer:
        """Return a pointer so many elements further on."""
        if not elements:
            return self
        return Pointer(self.ctype, f"{self.expression} + {elements}", self.image)

    def of_images(self, elements: int) -> Pointer:
        """Return the pointer to the first of several images that are so many elements apart."""
        return Pointer(self.ctype, self.expression, elements)


@dataclass(frozen=True)
class Call:
    """
    A call of the kernel ``function``, whose first argument is a struct ``config``.

    :ivar fields: of the struct, as constants of the kernel's machine code.
    :ivar sizes: more of its fields. Calls that differ in nothing else share machine code, which
        reads these when it runs.
    :ivar tiled: its innermost loops are tiles of registers, see kernels/vec.h.
    """

    function: str
    config: str
    fields: Mapping[str, Field]
    arguments: tuple[Pointer | Table, ...]
    sizes: Mapping[str, int | str] = field(default_factory=dict)
    tiled: bool = False


def reading(buffer: Buffer, y: int = 0, x: int = 0) -> Pointer:
    """Return a pointer for reading ``buffer`` from pixel (y, x) on."""
    place = buffer.at(y, x)
    return Pointer.to("m->arena", place, buffer.type, const=True, image=_step(buffer))


def writing(buffer: Buffer, y: int = 0, x: int = 0) -> Pointer:
    """Return a pointer for writing ``buffer`` from pixel (y, x) on."""
    return Pointer.to("m->arena", buffer.at(y, x), buffer.type, image=_step(buffer))


def _step(buffer: Buffer) -> int:
    """Return the elements from one image to the next; 0 if all steps meet the same one."""
    return buffer.image if len(buffer.shape) and buffer.shape[0] > 1 else 0


SCRATCH = Pointer("float *", "(float *)m->scratch")
