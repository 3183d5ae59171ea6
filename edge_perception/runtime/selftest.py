"""The self-test of a bundle: inputs, and the outputs that were proven right for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
import zipfile

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.library import Array
from edge_perception.runtime.manifest import Model, Tensor

_HEADER = 4096  # bytes that an array's file may have beside its elements


def write_selftest(path: Path, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
    """Write a self-test: an .npz file with arrays ``input:NAME`` and ``output:NAME``."""
    arrays: dict[str, Any] = {f"input:{name}": array for name, array in inputs.items()}
    arrays |= {f"output:{name}": array for name, array in outputs.items()}
    np.savez_compressed(path, **arrays)


def read_selftest(
    path: Path, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """
    Read a self-test.

    :returns: inputs and expected outputs by name.
    :raises BundleError: if the file does not hold them in the right shapes.
    """
    tensors = {f"input:{t.name}": t for t in inputs} | {f"output:{t.name}": t for t in outputs}
    try:
        sizes = {i.filename: i.file_size for i in zipfile.ZipFile(path).infolist()}
        for key, tensor in tensors.items():
            if sizes[key + ".npy"] > 4 * int(np.prod(tensor.shape)) + _HEADER:
                raise BundleError(f"{path} has an array {key!r} that is too large")
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, NDArray[Any]] = {key: file[key] for key in tensors}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} is not a self-test of this model: {error}") from None
    for key, tensor in tensors.items():
        if arrays[key].shape != tensor.shape or arrays[key].dtype != np.float32:
            raise BundleError(
                f"{path} has {key!r} as {arrays[key].dtype} {arrays[key].shape} instead of "
                f"float32 {tensor.shape}"
            )
    return (
        {t.name: arrays[f"input:{t.name}"] for t in inputs},
        {t.name: arrays[f"output:{t.name}"] for t in outputs},
    )


def relative_error(actual: Array, expected: Array) -> float:
    """Return max|actual - expected| / max|expected|; infinite if ``actual`` is not finite."""
    difference = float(np.max(np.abs(actual - expected)))
    scale = float(np.max(np.abs(expected)))
    if not np.isfinite(difference):
        return float("inf")
    return difference / scale if scale > 0 else difference


class Runnable(Protocol):
    """A model that can be run, such as an `Instance`."""

    @property
    def model(self) -> Model:
        """What the library says of itself."""

    def run(self, inputs: Mapping[str, Array], /) -> Mapping[str, Array]:
        """Return the outputs by name."""


def check_selftest(instance: Runnable, path: Path, tolerance: float) -> float:
    """
    Run the self-test.

    :returns: the worst relative error of an output.
    :raises BundleError: if it is above ``tolerance``: the machine or the bundle is broken.
    """
    inputs, expected = read_selftest(path, instance.model.inputs, instance.model.outputs)
    actual = instance.run(inputs)
    errors = {name: relative_error(actual[name], expected[name]) for name in expected}
    worst = max(errors, key=lambda name: errors[name])
    if errors[worst] > tolerance:
        raise BundleError(
            f"{path.parent} fails its self-test: output {worst!r} is off by {errors[worst]:.2e} "
            f"(allowed: {tolerance:.0e}); compile the bundle again on a sound machine"
        )
    return errors[worst]
