"""What decoders know of a model, and what can be seen of one of which nobody says anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge_perception.runtime.manifest import Decoder, Preprocess, Tensor


class Described(Protocol):
    """
    What a decoder must know of a model.

    The manifest's Model has it, and the compiler before there is one.
    """

    @property
    def name(self) -> str:
        """Its name, for messages."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What it reads."""

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it computes."""

    @property
    def preprocess(self) -> Preprocess | None:
        """How an image becomes its input."""

    @property
    def decoder(self) -> Decoder:
        """What its outputs mean."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Texts of its classes."""


_USUAL = (1, 80)


@dataclass(frozen=True)
class Signature:
    """
    Names and shapes, and what they may mean.

    :ivar image: the only input, if it looks like an image.
    :ivar labels: of the classes, if they are known.
    :ivar operators: ONNX's name of what computes each output.
    """

    image: Tensor | None
    outputs: tuple[Tensor, ...]
    labels: tuple[str, ...] = ()
    operators: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height of the image input [pixel]; 0 if there is none."""
        if self.image is None:
            return 0, 0
        shape = self.image.shape
        height, width = shape[1:3] if self.image.layout == "NHWC" else shape[2:4]
        return width, height

    def cells(self, *strides: int) -> int:
        """Return how many cells the input has, in grids of those strides together."""
        width, height = self.size
        return sum(-(-width // stride) * -(-height // stride) for stride in strides)

    def fits(self, classes: int) -> bool:
        """Return whether a model may have so many classes."""
        return classes == len(self.labels) if self.labels else classes > 0

    def is_usual(self, classes: int) -> bool:
        """Return whether so many classes are the model's, or COCO's or a single one if unknown."""
        return self.fits(classes) and (bool(self.labels) or classes in _USUAL)

    def is_probability(self, output: str) -> bool:
        """Return whether an output ends with a Sigmoid or a Softmax."""
        return self.operators.get(output) in ("Sigmoid", "Softmax")
