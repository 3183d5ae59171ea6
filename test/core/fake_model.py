"""A model without a library: enough of the loader's interface for the tests of perception."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from edge_perception.runtime.manifest import Decoder, Model, Preprocess, Proof, Tensor

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

    def __init__(self, **changes: Any) -> None:
        self.manifest: Any = SimpleNamespace(model=replace(MODEL, **changes), proof=PROOF)
        self.closed = False

    def run_image(self, frame: np.ndarray, encoding: str) -> dict[str, np.ndarray]:
        assert encoding in ("rgb8", "bgr8")
        scores = frame.reshape(-1, 3).mean(0).astype(np.float32) / 255
        return {"scores": (scores if encoding == "rgb8" else scores[::-1])[None]}

    def close(self) -> None:
        self.closed = True
