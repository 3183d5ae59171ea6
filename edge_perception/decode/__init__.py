"""
Decoders: what a model's output tensors mean, as `Detections`.

A decoder is a module of ``kinds/``, named like the ``kind`` in the bundle's manifest, with two
functions. ``make(model, options) -> Decode`` checks whether the model fits.
``recognise(signature) -> Decoder | None`` says how it would read outputs of which nothing is known
but their names and shapes, if they look like its own. Robot and compiler share decoders: they need
numpy and the manifest, and know neither messages nor nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import importlib
import pkgutil
from typing import Any, cast, Protocol

import numpy as np
import numpy.typing as npt

from edge_perception.decode import kinds
from edge_perception.decode.detections import Detections, Floats
from edge_perception.decode.signature import Described, Signature
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Decoder

KINDS = tuple(sorted(module.name for module in pkgutil.iter_modules(kinds.__path__)))

Tensors = Mapping[str, npt.NDArray[Any]]

Decode = Callable[[Tensors, tuple[int, int]], Detections]
"""From the outputs and the width and height of the image [pixel] to what they mean."""


class DecodeError(BundleError):
    """A model that does not fit its decoder, or outputs that it can't make sense of."""


@dataclass(frozen=True)
class Options:
    """What the user chooses: the least score, and how many detections; 0: as the model says."""

    min_score: float = 0.0
    top: int = 0


class _Kind(Protocol):
    """What a module of ``kinds/`` is to the others."""

    def make(self, model: Described, options: Options) -> Decode: ...

    def recognise(self, signature: Signature) -> Decoder | None: ...


def make(model: Described, options: Options) -> Decode:
    """
    Return the decoder that a model names.

    :raises DecodeError: if there is none, or the model does not fit it.
    """
    kind = model.decoder.kind
    if kind not in KINDS:
        raise DecodeError(
            f"the model {model.name} wants the decoder {kind!r}, but there are {', '.join(KINDS)}"
        )
    return _module(kind).make(model, options)


def recognise(signature: Signature) -> Decoder:
    """
    Return the decoder of the only kind that outputs of such names and shapes look like.

    Where none or several do, it is that of tensors without a meaning; ``because`` says why.
    """
    found = [seen for kind in KINDS if (seen := _module(kind).recognise(signature)) is not None]
    if len(found) == 1:
        return found[0]
    shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in signature.outputs)
    if not found:
        return Decoder(because=f"no decoder is known for outputs such as {shapes}")
    either = " or ".join(f"{one.kind} ({one.because})" for one in found)
    return Decoder(because=f"the outputs {shapes} may be those of {either}")


def finite(name: str, values: npt.NDArray[Any]) -> Floats:
    """
    Return an output as a flat array of float32.

    :raises DecodeError: if it has a NaN or an infinity.
    """
    flat = np.asarray(values, np.float32).reshape(-1)
    if not np.isfinite(flat).all():
        raise DecodeError(f"the model's output {name!r} has values that are no number (NaN, inf)")
    return flat


def _module(kind: str) -> _Kind:
    return cast(_Kind, importlib.import_module(f"{kinds.__name__}.{kind}"))
