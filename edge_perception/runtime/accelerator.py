"""How a bundle says what may run its network on a device, in place of its library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accelerator:
    """
    What may run the whole network on a device, in place of the bundle's library.

    Its own library is made there, by ``edgec finish``, of what the bundle has in the folder of its
    name. Until then, and where there is no such device, the bundle's library runs.

    :ivar name: "tensorrt"; also that of its variant.
    :ivar oldest: the first major version of its software that will do.
    :ivar newest: the last one.
    :ivar precision: that the network computes in: "float32", "float16" where its weights are, or
        "int8" where it is quantised.
    :ivar tolerance: relative error of an output that is allowed beside ONNX Runtime.
    :ivar refused: why it can't run the network, by node; empty: it can.
    :ivar float_layers: that compute in float32, as their numbers are too large for float16.
    """

    name: str
    oldest: int
    newest: int
    precision: str
    tolerance: float
    refused: dict[str, str] = field(default_factory=dict)
    float_layers: tuple[str, ...] = ()
