"""Nodes that can't be compiled, grouped by what is wrong with them, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
import re

NAMED = 3
"""More nodes of a group are not named in a sentence."""

_SAVE = "save the model before ONNX Runtime optimises or quantises it"
_FLOAT = "export the model in float32, before it is quantised"
_MASK = "what it yields has no fixed size: multiply by a mask, or take the best with TopK"
_NOISE = "it yields something else each time: let the noise be an input"
_COURSE = (
    "export it by tracing with example inputs, or fix what decides with edgec import --constant"
)
_OTHERS = "export it as operators that edgec ops lists"
ADVICE = {
    **dict.fromkeys(("com.microsoft", "com.microsoft.nchwc"), _SAVE),
    **dict.fromkeys(("ConvInteger", "DynamicQuantizeLinear", "MatMulInteger"), _FLOAT),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul"), _FLOAT),
    **dict.fromkeys(("Compress", "NonZero", "Unique"), _MASK),
    **dict.fromkeys(("Multinomial", "RandomNormal", "RandomNormalLike"), _NOISE),
    **dict.fromkeys(("RandomUniform", "RandomUniformLike"), _NOISE),
    **dict.fromkeys(("If", "Loop", "Scan"), _COURSE),
}
"""What to change at export, by operator or by the domain of operators."""


@dataclass(frozen=True)
class Refusal:
    """
    A node that can't be compiled.

    :ivar op: its operator, with the domain if it is none of ONNX itself.
    :ivar reason: a clause.
    """

    node: str
    op: str
    reason: str


@dataclass(frozen=True)
class Group:
    """Nodes of an operator that are refused for the same reason, and what to do ("": nothing)."""

    op: str
    reason: str
    nodes: tuple[str, ...]
    advice: str


def grouped(refusals: Iterable[Refusal]) -> list[Group]:
    """
    Return the groups, the largest first.

    Reasons that differ in a shape only are the same; the first one stands for all.
    """
    groups: dict[tuple[str, str], list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        groups[refusal.op, re.sub(r"\[[\d, ]*\]", "[]", refusal.reason)].append(refusal)
    found = [
        Group(op, alike[0].reason, tuple(r.node for r in alike), _advice(op, reason))
        for (op, reason), alike in groups.items()
    ]
    return sorted(found, key=lambda group: -len(group.nodes))


def listed(refusals: Iterable[Refusal]) -> str:
    """Return the groups in a sentence, with the first nodes of each."""
    return "; ".join(map(_clause, grouped(refusals)))


def _advice(op: str, reason: str) -> str:
    """Return what to change at export, which a reason that is of more than the operator says."""
    others = _OTHERS if reason.endswith("is not supported") else ""
    return ADVICE.get(op) or ADVICE.get(op.rpartition(".")[0]) or others


def _clause(group: Group) -> str:
    names = ", ".join(f"'{name}'" for name in group.nodes[:NAMED])
    if (more := len(group.nodes) - NAMED) > 0:
        names += f" and {more} more"
    return f"{names} ({group.op}): {group.reason}" + (f" ({group.advice})" * bool(group.advice))
