"""The self-test of a bundle: inputs, and the outputs that were proven right for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np

from edge_perception.runtime.arrays import Array, largest_file, read_arrays, write_arrays
from edge_perception.runtime.contents import open_bundle
from edge_perception.runtime.dtypes import Form
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files
from edge_perception.runtime.manifest import Manifest, Model, Proof

SelfTest = tuple[dict[str, Array], dict[str, Array]]
"""Inputs and expected outputs by name."""


def write_selftest(path: Path, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
    """Write a self-test: an .npz file with arrays ``input:NAME`` and ``output:NAME``."""
    arrays = {f"input:{name}": array for name, array in inputs.items()}
    arrays |= {f"output:{name}": array for name, array in outputs.items()}
    write_arrays(path, arrays)


def read_selftest(bundle: Path, manifest: Manifest) -> SelfTest:
    """
    Read the self-test of a bundle.

    :raises BundleError: if it is not as the manifest says.
    """
    with open_bundle(bundle) as files:
        content = selftest_content(files, manifest)
    return parse_selftest(content, bundle / manifest.selftest, manifest.model)


def selftest_content(files: Files, manifest: Manifest) -> bytes:
    """
    Return the content of an open bundle's self-test.

    :raises BundleError: if it is not as the manifest says.
    """
    model, stated = manifest.model, manifest.files[manifest.selftest]
    path = files.path / manifest.selftest
    if stated.bytes > largest_selftest(model):
        raise BundleError(
            f"{path} has {stated.bytes} bytes, more than any self-test of this model; "
            "compile the bundle again with edgec compile"
        )
    return b"".join(files.blocks(manifest.selftest, stated))


def largest_selftest(model: Model) -> int:
    """Return how many bytes a self-test of a model can have."""
    return largest_file(_forms(model))


def parse_selftest(content: bytes, path: Path, model: Model) -> SelfTest:
    """
    Read the content of a self-test.

    :param path: names it in errors.
    :raises BundleError: if it does not hold the model's inputs and outputs.
    """
    arrays = read_arrays(content, _forms(model), path)
    return (
        {t.name: arrays[f"input:{t.name}"] for t in model.inputs},
        {t.name: arrays[f"output:{t.name}"] for t in model.outputs},
    )


def _forms(model: Model) -> dict[str, Form]:
    inputs = {f"input:{tensor.name}": tensor.form for tensor in model.inputs}
    return inputs | {f"output:{tensor.name}": tensor.form for tensor in model.outputs}


def relative_error(actual: Array, expected: Array) -> float:
    """
    Return max|actual - expected| / max|expected|; infinite if ``actual`` is not finite.

    Of integers and bools, which are right or wrong, return the share of those that differ.
    """
    if expected.dtype.kind != "f":
        return float(np.mean(actual != expected))
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

    def watch(
        self, inputs: Mapping[str, Array], each: Callable[[int, int, Array], None], /
    ) -> None:
        """Run, and hand over the index of each step, its nanoseconds and what it computed."""


def digest_of(array: Array) -> str:
    """Return the SHA-256 of an array's elements, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def run_selftest(instance: Runnable, selftest: SelfTest, path: Path, proof: Proof) -> float:
    """
    Run a self-test.

    :param path: names it in errors.
    :param proof: says by how much outputs may differ, and which steps must compute which bytes.
    :returns: the worst relative error of an output.
    :raises BundleError: if more differs: the machine or the bundle is broken.
    """
    inputs, expected = selftest
    actual = instance.run(inputs)
    errors = {name: relative_error(actual[name], expected[name]) for name in expected}
    worst = max(errors, key=lambda name: errors[name])
    if errors[worst] > proof.tolerance:
        raise BundleError(
            f"{path.parent} fails its self-test: output {worst!r} is off by {errors[worst]:.2e} "
            f"(allowed: {proof.tolerance:.0e}); compile the bundle again on a sound machine"
        )
    if proof.digests:
        _check_bytes(instance, inputs, proof.digests, path)
    return errors[worst]


def _check_bytes(
    instance: Runnable, inputs: Mapping[str, Array], digests: Mapping[str, str], path: Path
) -> None:
    """Check that steps compute the bytes that were proven."""
    actual: dict[str, str] = {}

    def note(step: int, _nanoseconds: int, value: Array) -> None:
        name = instance.model.steps[step].value
        if name in digests:
            actual[name] = digest_of(value)

    instance.watch(inputs, note)
    for name, digest in digests.items():
        if actual.get(name) != digest:
            raise BundleError(
                f"{path.parent} fails its self-test: {name!r} is computed in integers and has "
                "other bytes than were proven; compile the bundle again on a sound machine"
            )
