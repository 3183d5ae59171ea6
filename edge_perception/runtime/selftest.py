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
from edge_perception.runtime.manifest import Manifest, Model
from edge_perception.runtime.proof import LARGEST_TOLERANCE, Proof

Answer = Mapping[str, Array]
"""Outputs by name."""
SelfTest = tuple[dict[str, Array], tuple[Answer, ...]]
"""Inputs by name, and the answers that are right, one of which must be given."""
_PIECE = 1 << 16
"""Elements that are compared at a time."""


def write_selftest(path: Path, inputs: Mapping[str, Array], *answers: Answer) -> None:
    """
    Write a self-test: an .npz file with arrays ``input:NAME`` and ``output:NAME``.

    :param answers: of further ones the arrays are ``output1:NAME`` and so on.
    """
    arrays = {f"input:{name}": array for name, array in inputs.items()}
    for number, answer in enumerate(answers):
        arrays |= {f"{_prefix(number)}:{name}": array for name, array in answer.items()}
    write_arrays(path, arrays)


def _prefix(answer: int) -> str:
    return f"output{answer or ''}"


def read_selftest(bundle: Path, manifest: Manifest) -> SelfTest:
    """
    Read the self-test of a bundle.

    :raises BundleError: if it is not as the manifest says.
    """
    with open_bundle(bundle) as files:
        content = selftest_content(files, manifest)
    answers = manifest.proof.answers
    return parse_selftest(content, bundle / manifest.selftest, manifest.model, answers)


def selftest_content(files: Files, manifest: Manifest) -> bytes:
    """
    Return the content of an open bundle's self-test.

    :raises BundleError: if it is not as the manifest says.
    """
    answers, stated = manifest.proof.answers, manifest.files[manifest.selftest]
    path = files.path / manifest.selftest
    if stated.bytes > largest_selftest(manifest.model, answers):
        raise BundleError(
            f"{path} has {stated.bytes} bytes, more than any self-test of this model; "
            "compile the bundle again with edgec compile"
        )
    return b"".join(files.blocks(manifest.selftest, stated))


def largest_selftest(model: Model, answers: int = 1) -> int:
    """Return how many bytes a self-test of a model can have."""
    return largest_file(_forms(model, answers))


def parse_selftest(content: bytes, path: Path, model: Model, answers: int = 1) -> SelfTest:
    """
    Read the content of a self-test.

    :param path: names it in errors.
    :param answers: how many there are.
    :raises BundleError: if it does not hold the model's inputs and outputs.
    """
    arrays = read_arrays(content, _forms(model, answers), path)
    return (
        {t.name: arrays[f"input:{t.name}"] for t in model.inputs},
        tuple(
            {t.name: arrays[f"{_prefix(number)}:{t.name}"] for t in model.outputs}
            for number in range(answers)
        ),
    )


def _forms(model: Model, answers: int) -> dict[str, Form]:
    forms = {f"input:{tensor.name}": tensor.form for tensor in model.inputs}
    for number in range(answers):
        forms |= {f"{_prefix(number)}:{tensor.name}": tensor.form for tensor in model.outputs}
    return forms


def relative_error(actual: Array, expected: Array) -> float:
    """
    Return max|actual - expected| / max|expected|; infinite if ``actual`` is not finite.

    Of integers and bools, which are right or wrong, return the share of those that differ.
    """
    if expected.dtype.kind != "f":
        return float(np.mean(actual != expected))
    pieces = zip(_pieces(actual), _pieces(expected), strict=True)
    difference = float(np.max([_magnitude(ours - theirs) for ours, theirs in pieces]))
    scale = _magnitude(expected)
    if not np.isfinite(difference):
        return float("inf")
    return difference / scale if scale > 0 else difference


def _pieces(values: Array) -> list[Array]:
    """Return the values in pieces, as there may be so many that a copy of all takes room."""
    flat = values.reshape(-1)
    return [flat[start : start + _PIECE] for start in range(0, max(flat.size, 1), _PIECE)]


def _magnitude(values: Array) -> float:
    """Return max|values|."""
    return max(float(np.max(values)), -float(np.min(values)))


class Runnable(Protocol):
    """A model that can be run, such as an `Instance`."""

    @property
    def model(self) -> Model:
        """What the library says of itself."""

    @property
    def variant(self) -> str:
        """The instruction set whose code runs."""

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
    inputs, answers = selftest
    actual = instance.run(inputs)
    error, worst = min(worst_output(actual, answer) for answer in answers)
    allowed = allowed_error(proof, instance.model, instance.variant)
    if error > allowed:
        nearest = f", beside the nearest of {len(answers)} answers" if len(answers) > 1 else ""
        raise BundleError(
            f"{path.parent} fails its self-test: output {worst!r} is off by {error:.2e}{nearest} "
            f"(allowed: {allowed:.0e}); compile the bundle again on a sound machine"
        )
    if proof.digests:
        _check_bytes(instance, inputs, proof.digests, path)
    return error


def allowed_error(proof: Proof, model: Model, variant: str) -> float:
    """
    Return the relative error that the self-test allows to an instruction set.

    One that rounds what it multiplies has answers of its own, which are known only if it was
    proven.
    """
    unknown = variant in model.rounding_variants and variant not in proof.rounding_variants
    return LARGEST_TOLERANCE if unknown else proof.tolerance


def worst_output(actual: Answer, expected: Answer) -> tuple[float, str]:
    """Return the largest relative error of an output, and the output's name."""
    return max((relative_error(actual[name], expected[name]), name) for name in expected)


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
