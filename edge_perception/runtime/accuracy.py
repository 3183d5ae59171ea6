"""What a model loses by its precision or by pruning, as its manifest says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CurvePoint:
    """What was lost with a share of the multiply-accumulates in integers."""

    integer_macs: float
    drop: float


INT8, HALF, FLOAT = "int8", "half", "float32"
"""Precisions: layers in 8-bit integers; weights in float16; all in float32."""


@dataclass(frozen=True)
class Accuracy:
    """
    What a model loses by its precision or by pruning, beside the float model it was made of.

    :ivar measure: what was compared: "labels" that are true, or what the float model says:
        "top-1", "boxes", "embeddings", "tensors".
    :ivar drop: by how much it is worse, 0 to 1: the share of samples with the right label less, or
        what is lacking to the same answers.
    :ivar right: share of samples with the right label; None without labels.
    :ivar float_right: the same of the float model.
    :ivar sqnr_db: the outputs' power beside that of their error, in decibels.
    :ivar samples: that were compared.
    :ivar calibration: the method by which ranges were found.
    :ivar integer_macs: share of the multiply-accumulates in integers.
    :ivar float_layers: what stays in float32 so that the drop is within the budget.
    :ivar curve: from most in integers to least, as far as it was followed.
    :ivar precision: INT8, HALF or FLOAT.
    :ivar variants: instruction sets with which the library itself ran on the samples, so that
        what they round counts; empty: ONNX Runtime ran the model.
    """

    measure: str
    drop: float
    right: float | None
    float_right: float | None
    sqnr_db: float
    samples: int
    calibration: str
    integer_macs: float
    float_layers: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    precision: str = INT8
    variants: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = {
            "labels": "right labels",
            "top-1": "the same first answer",
            "boxes": "the same boxes",
            "embeddings": "the same embeddings",
            "tensors": "the same outputs",
        }[self.measure]
        how = {
            INT8: f", {self.integer_macs:.1%} of the multiply-accumulates in 8 bits",
            HALF: ", weights in float16",
        }.get(self.precision, "")
        where = f", as it runs with {' and '.join(self.variants)}" if self.variants else ""
        return (
            f"{self.drop:.2%} less of {what} on {self.samples} samples, signal to noise "
            f"{self.sqnr_db:.1f} dB{how}{where}"
        )


@dataclass(frozen=True)
class Pruning:
    """
    What was removed from a model, beside the one that it was made of.

    :ivar macs: multiply-accumulates that are left.
    :ivar macs_before: that there were.
    :ivar parameters: numbers in constants that are left.
    :ivar parameters_before: that there were.
    :ivar layers: how many output channels are left, and were, by layer.
    :ivar retrained: whether the weights were trained after that.
    :ivar accuracy: what is lost; None if that wasn't measured.
    """

    macs: int
    macs_before: int
    parameters: int
    parameters_before: int
    layers: dict[str, tuple[int, ...]]
    retrained: bool = False
    accuracy: Accuracy | None = None

    def __str__(self) -> str:
        lost = self.accuracy or "what is lost was not measured"
        trained = "trained since" if self.retrained else "not trained since"
        return (
            f"{1 - self.macs / max(self.macs_before, 1):.1%} of the multiply-accumulates and "
            f"{1 - self.parameters / max(self.parameters_before, 1):.1%} of the weights are gone, "
            f"{len(self.layers)} layers have fewer channels, {trained}: {lost}"
        )
