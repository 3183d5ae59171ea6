"""The table of what Arm Compute Library runs, as C text and as bytes: see runtime/node.h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
import struct

from edge_compiler.targets.program.literals import c_float

NONE = 0xFFFFFFFF
"""No weights, no bias."""


class Op(IntEnum):
    """The enumeration edge_acl_op."""

    GEMM = 0
    WINOGRAD = 1
    DEPTHWISE = 2
    MAX_POOL = 3
    AVERAGE_POOL = 4
    GLOBAL_AVERAGE_POOL = 5
    SOFTMAX = 6
    ADD = 7
    MUL = 8
    ACTIVATION = 9


class Function(IntEnum):
    """The enumeration edge_acl_activation."""

    NO_ACTIVATION = 0
    RELU = 1
    CLIP = 2
    LEAKY_RELU = 3
    SIGMOID = 4
    SILU = 5
    TANH = 6
    HARD_SWISH = 7


@dataclass(frozen=True)
class Image:
    """A struct edge_acl_image: a value with its channels last; its offset is in bytes."""

    offset: int = 0
    channels: int = 0
    height: int = 0
    width: int = 0
    pixel: int = 0


Field = int | float | Image


@dataclass(frozen=True)
class Record:
    """A struct edge_acl_node; the fields have its names and its order."""

    op: Op
    source: Image
    second: Image
    target: Image
    step: int = 0
    weights: int = NONE
    bias: int = NONE
    kernel_h: int = 1
    kernel_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    pad_left: int = 0
    pad_right: int = 0
    pad_top: int = 0
    pad_bottom: int = 0
    groups: int = 1
    count_padding: int = 0
    activation: Function = Function.NO_ACTIVATION
    a: float = 0.0
    b: float = 0.0

    def to_bytes(self) -> bytes:
        """Return the struct as it lies in the memory of an Arm processor."""
        return b"".join(
            struct.pack("<f" if isinstance(number, float) else "<I", number)
            for number in _flat(self)
        )

    def to_c(self) -> str:
        """Return an initialiser."""
        return _initializer(self)


def _flat(struct_like: Record | Image) -> Iterator[int | float]:
    for field in fields(struct_like):
        value = getattr(struct_like, field.name)
        if isinstance(value, Image):
            yield from _flat(value)
        else:
            yield value


def _initializer(struct_like: Record | Image) -> str:
    values = ((field.name, getattr(struct_like, field.name)) for field in fields(struct_like))
    return "{" + ", ".join(f".{name} = {_text(value)}" for name, value in values) + "}"


def _text(value: Field) -> str:
    if isinstance(value, Image):
        return _initializer(value)
    if isinstance(value, IntEnum):
        return f"EDGE_ACL_{value.name}"
    if value == NONE:
        return "EDGE_ACL_NONE"
    return c_float(value) if isinstance(value, float) else str(value)


def node_table(records: Sequence[Record]) -> str:
    """Return the text of acl_nodes.c: the records of all steps that the library runs."""
    rows = "".join(f"    {record.to_c()},\n" for record in records)
    ops = (op.name for op in Op if any(record.op is op for record in records))
    operators = "".join(f"    [EDGE_ACL_{op}] = &edge_acl_op_{op.lower()},\n" for op in ops)
    return (
        '#include <math.h>\n\n#include "acl/node.h"\n\n'
        f"const edge_acl_operator *const edge_acl_operators[EDGE_ACL_OPS] = {{\n{operators}}};\n"
        f"const edge_acl_node edge_acl_nodes[] = {{\n{rows}}};\n"
        f"const uint32_t edge_acl_node_count = {len(records)};\n"
    )
