"""What is compared on Arm, by its name in tables."""

from __future__ import annotations

from dataclasses import dataclass

from bench.engines import OURS
from bench.engines.tiers import FLOAT16, FLOAT32, HALF, INT8
from edge_compiler.toolchain.processors import CORTEX_A7, CORTEX_A72, CORTEX_A76, MAX, Processor


@dataclass(frozen=True)
class Contender:
    """
    An engine or a library that we compile.

    :ivar engine: its name.
    :ivar target: that we compile for; empty: it is another engine.
    :ivar options: of the compiler.
    :ivar processor: whose instructions are counted.
    """

    engine: str
    target: str = ""
    options: tuple[str, ...] = ()
    precision: str = FLOAT32
    processor: Processor = CORTEX_A72


_ALL_ACL = ("--place", "all=acl")
_PEERS = ("ncnn", "mnn", "onnxruntime", "litert")


def _in_integers(processor: Processor) -> dict[str, Contender]:
    ours = Contender(OURS, "aarch64", (), INT8, processor)
    peers = {f"{x} {INT8}": Contender(f"{x} {INT8}", "", (), INT8, processor) for x in _PEERS}
    named = {f"{OURS} {INT8}": ours, **peers}
    return {f"{name} {processor.name}": contender for name, contender in named.items()}


CONTENDERS = {
    f"{OURS} aarch64": Contender(OURS, "aarch64"),
    f"{OURS} aarch64-acl": Contender(OURS, "aarch64-acl"),
    "acl aarch64": Contender(OURS, "aarch64-acl", _ALL_ACL),
    **{name: Contender(name) for name in _PEERS},
    f"{OURS} armv7": Contender(OURS, "armv7", processor=CORTEX_A7),
    f"{OURS} armv7-acl": Contender(OURS, "armv7-acl", processor=CORTEX_A7),
    "acl armv7": Contender(OURS, "armv7-acl", _ALL_ACL, processor=CORTEX_A7),
    **_in_integers(CORTEX_A72),
    f"{OURS} {INT8} of 7 bits cortex-a72": Contender(
        OURS, "aarch64", ("--reduce-range",), INT8, CORTEX_A72
    ),
    **_in_integers(CORTEX_A76),
    **_in_integers(MAX),
    f"{OURS} {HALF} cortex-a76": Contender(OURS, "aarch64", (), HALF, CORTEX_A76),
    **{
        f"{name} {FLOAT16} cortex-a76": Contender(f"{name} {FLOAT16}", "", (), HALF, CORTEX_A76)
        for name in ("ncnn", "mnn")
    },
    f"{OURS} {INT8} armv7": Contender(OURS, "armv7", (), INT8, CORTEX_A7),
}
"""Those named acl are what Arm Compute Library does by itself."""
