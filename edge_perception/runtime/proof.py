"""How a bundle says that its library was shown to be right."""

from __future__ import annotations

from dataclasses import dataclass, field

PROVEN, PENDING = "proven", "pending"
LARGEST_TOLERANCE = 0.1
"""Of a self-test: with the 1 that an output of zeros is off by, nothing could fail."""


@dataclass(frozen=True)
class Proof:
    """
    How the library was shown to be right: the worst relative error over all steps and inputs.

    Relative error of a tensor: max|ours - reference| / max|reference|; of integers and bools, the
    share of elements that differ. The reference says which
    engine that was, and at how many tensors float64 had to decide.

    A library that only runs on a device which is not where it is compiled is not proven there. Its
    proof is pending, with no inputs compared, until ``edgec verify`` completes it on the device.

    :ivar tolerance: relative error that the self-test allows on the robot.
    :ivar state: "proven" or "pending".
    :ivar missing: what a pending proof waits for, e.g. "an NVIDIA GPU"; else empty.
    :ivar answers: how many answers to the self-test's inputs are right: several where the model
        chooses by order, as TopK does, of numbers that instruction sets round differently.
    :ivar digests: SHA-256 of the bytes that steps must compute in the self-test, by the tensor
        that they write: of those that follow from the inputs in quantised integers alone, and so
        are the same on every machine.
    :ivar rounding_variants: those of the model's that were proven, which the processor had.
    """

    reference: str
    tolerance: float
    worst_error: float
    worst_step: str
    inputs: int
    state: str = PROVEN
    missing: str = ""
    answers: int = 1
    digests: dict[str, str] = field(default_factory=dict)
    rounding_variants: tuple[str, ...] = ()

    @property
    def caveat(self) -> str:
        """What must be said of the bundle, and what to do; empty if it is proven."""
        if self.state == PROVEN:
            return ""
        return (
            f"it is not proven yet, which needs {self.missing}; run edgec verify with the model's "
            "file on a machine that has it"
        )
