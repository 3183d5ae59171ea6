"""
Decoders: what a model's output tensors mean, as `Detections`.

A decoder is a module of this package, named in `KINDS` like the ``kind`` in the bundle's manifest,
with a function ``make(model, options) -> Decode`` that checks whether the model fits. Robot and
compiler share them: they need numpy and the manifest, and know neither messages nor nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import importlib
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edge_perception.decode.detections import Detections, Floats
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Model

KINDS = ("boxes", "classification", "tensors")

Tensors = Mapping[str, npt.NDArray[Any]]

Decode = Callable[[Tensors, tuple[int, int]], Detections]
"""From the outputs and the width and height of the image [pixel] to what they mean."""


class DecodeError(BundleError):
    """A model that does not fit its decoder, or outputs that it can't make sense of."""


@dataclass(frozen=True)
class Options:
    """What the user chooses: the least score, and how many detections (0: as the model says)."""

    min_score: float = 0.0
    top: int = 0


def make(model: Model, options: Options) -> Decode:
    """
    Return the decoder that a model names.

    :raises DecodeError: if there is none, or the model does not fit it.
    """
    kind = model.decoder.kind
    if kind not in KINDS:
        raise DecodeError(
            f"the model {model.name} wants the decoder {kind!r}, but there are {', '.join(KINDS)}"
        )
    module = importlib.import_module(f"{__name__}.{kind}")
    return cast(Decode, module.make(model, options))


def finite(name: str, values: npt.NDArray[Any]) -> Floats:
    """
    Return an output as a flat array of float32.

    :raises DecodeError: if it has a NaN or an infinity.
    """
    flat = np.asarray(values, np.float32).reshape(-1)
    if not np.isfinite(flat).all():
        raise DecodeError(f"the model's output {name!r} has values that are no number (NaN, inf)")
    return flat
