"""A model without a library: enough of the loader's interface for the tests of perception."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from edge_perception.runtime.manifest import Decoder, Model, Preprocess, Tensor
from edge_perception.runtime.proof import Proof

MODEL = Model(
    name="fake",
    sha256="",
    compiler="",
    abi=1,
    target="",
    variants=("avx2",),
    requires=(),
    inputs=(Tensor("image", (1, 3, 4, 4), layout="NCHW"),),
    outputs=(Tensor("scores", (1, 3)),),
    preprocess=Preprocess("image"),
    decoder=Decoder("classification"),
    labels=("cat", "dog", "espresso"),
    steps=(),
    allocations=(),
    arena_bytes=0,
    weight_bytes=0,
    macs=0,
)


PROOF = Proof("", 1e-4, 0.0, "", 1)


class FakeModel:
    """Its scores are the mean of each channel of the image, as rgb, over 255."""

    variant = "avx2"
    caveat = ""
    signed_at = 0

    def __init__(self, **changes: Any) -> None:
        self.manifest: Any = SimpleNamespace(model=replace(MODEL, **changes), proof=PROOF)
        self.closed = False

    def run_image(self, frame: np.ndarray, encoding: str) -> dict[str, np.ndarray]:
        assert encoding in ("rgb8", "bgr8")
        scores = frame.reshape(-1, 3).mean(0).astype(np.float32) / 255
        return {"scores": (scores if encoding == "rgb8" else scores[::-1])[None]}

    def run_regions(
        self, frame: np.ndarray, encoding: str, maps: np.ndarray
    ) -> list[dict[str, np.ndarray]]:
        return [self.run_image(frame[cut(region)], encoding) for region in maps]

    def close(self) -> None:
        self.closed = True


def cut(region: np.ndarray, side: int = 4) -> tuple[slice, slice]:
    """Return the rows and columns of a map that doesn't turn, from an input of that side."""
    left, top = region[:, 2]
    right, bottom = region @ [side, side, 1]
    return slice(round(top), round(bottom)), slice(round(left), round(right))


class FakeDetector(FakeModel):
    """It sees things of the label "thing" in given boxes, with falling scores from 0.9."""

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        super().__init__(
            name="detector",
            outputs=(Tensor("boxes", (8, 4)), Tensor("scores", (8,))),
            decoder=Decoder("boxes"),
            labels=("thing",),
        )
        self.boxes = boxes

    def run_image(self, frame: np.ndarray, encoding: str) -> dict[str, np.ndarray]:
        boxes, scores = np.zeros((8, 4), np.float32), np.zeros(8, np.float32)
        boxes[: len(self.boxes)] = np.reshape(self.boxes, (-1, 4))
        scores[: len(self.boxes)] = 0.9 - 0.1 * np.arange(len(self.boxes))
        height, width = frame.shape[:2]
        return {"boxes": boxes / [width, height, width, height], "scores": scores}
