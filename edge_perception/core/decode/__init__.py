"""
Decoders: what a model's output tensors mean, as a list of detections.

A decoder is a module of this package, named like the ``kind`` in the bundle's manifest, with a
function ``make(model, options) -> Decode`` that checks the model when the node is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import importlib
import pkgutil
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edge_perception import messages
from edge_perception.core.names import meant
from edge_perception.core.node import ConfigurationError
from edge_perception.messages import Message
from edge_perception.runtime.manifest import Model

KINDS = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))

Detection = messages.get("edge_perception/msg/Detection")

Tensors = Mapping[str, npt.NDArray[Any]]

Decode = Callable[[Tensors, tuple[int, int]], list[Message]]
"""From the outputs and the width and height of the image to detections by falling score."""


class DecodeError(Exception):
    """Outputs that the decoder can't make sense of."""


@dataclass(frozen=True)
class Options:
    """What the user chooses: the least score, and how many detections (0: as the model says)."""

    min_score: float = 0.0
    top: int = 0


def make(model: Model, options: Options) -> Decode:
    """
    Return the decoder that a model names.

    :raises ConfigurationError: if there is none, or the model does not fit it.
    """
    kind = model.decoder.kind
    if kind not in KINDS:
        raise ConfigurationError(
            f"the model {model.name} wants the decoder {kind!r}, but there are "
            f"{', '.join(KINDS)}{meant(kind, KINDS)}"
        )
    module = importlib.import_module(f"{__name__}.{kind}")
    return cast(Decode, module.make(model, options))


def finite(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """
    Return an output as a flat array of float32.

    :raises DecodeError: if it has a NaN or an infinity.
    """
    flat = np.asarray(values, np.float32).reshape(-1)
    if not np.isfinite(flat).all():
        raise DecodeError(f"the model's output {name!r} has values that are no number (NaN, inf)")
    return flat
