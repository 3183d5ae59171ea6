"""The arrays that a model is run on: whether they are what it takes, and those that it fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import Tensor

Array = NDArray[Any]


def checked_inputs(given: Mapping[str, Array], tensors: Sequence[Tensor]) -> list[Array]:
    """
    Return the arrays for a model's inputs in their order, copied if they aren't contiguous.

    :raises BundleError: if one is missing, unknown, or of a wrong shape or type.
    """
    _check_names("input", given, tensors)
    return [_in_order(_checked("input", given[tensor.name], tensor)) for tensor in tensors]


def checked_outputs(
    given: Mapping[str, Array] | None, tensors: Sequence[Tensor]
) -> dict[str, Array]:
    """
    Return the arrays that a model writes its outputs to, by name; None given: new ones.

    :raises BundleError: if one is missing, unknown, can't be written to as it lies, or is of a
        wrong shape or type.
    """
    if given is None:
        return new_outputs(tensors)
    _check_names("output", given, tensors)
    outputs = {tensor.name: _checked("output", given[tensor.name], tensor) for tensor in tensors}
    for name, array in outputs.items():
        if not array.flags.carray:
            raise BundleError(f"output {name!r} must be a contiguous, aligned, writable array")
    return outputs


def new_outputs(tensors: Sequence[Tensor]) -> dict[str, Array]:
    """Return arrays of any content that a model may write its outputs to, by name."""
    return {tensor.name: tensor.form.empty() for tensor in tensors}


def _check_names(kind: str, given: Any, tensors: Sequence[Tensor]) -> None:
    names = {tensor.name for tensor in tensors}
    if not isinstance(given, Mapping):
        raise BundleError(
            f"the model's {kind}s must be a mapping of arrays by name, but got a "
            f"{type(given).__name__}; the names are {sorted(names)}"
        )
    if set(given) != names:
        got = sorted(given, key=str)
        raise BundleError(f"the model's {kind}s are {sorted(names)}, but got {got}")


def _in_order(array: Array) -> Array:
    """Return an array, copied if its elements aren't contiguous and aligned."""
    flags = array.flags
    is_so = flags.c_contiguous and flags.aligned
    return array if is_so else np.require(array, requirements=["C", "A"])


def _checked(kind: str, array: Any, tensor: Tensor) -> Array:
    wanted = tensor.form.type.numpy
    if not isinstance(array, np.ndarray) or array.dtype != wanted:
        actual = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise BundleError(
            f"{kind} {tensor.name!r} must be a {wanted} array but is {actual}; "
            f"convert it with numpy.asarray(x, numpy.{wanted})"
        )
    if array.shape != tensor.shape:
        raise BundleError(
            f"{kind} {tensor.name!r} must have shape {tensor.shape} but has {array.shape}"
        )
    return array
